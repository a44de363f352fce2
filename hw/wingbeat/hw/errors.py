"""The one exception family of wingbeat.

Every error that a user can cause is a `WingbeatError` whose text is one sentence naming the thing,
the value and the rule. The command line prints that sentence and exits with code 1; a program
catches the family, or the member it can act on.
"""


class WingbeatError(Exception):
    """Base of everything that wingbeat raises on purpose."""


class ConfigError(WingbeatError):
    """An accelerator or board description breaks a limit of the hardware."""


class EncodingError(WingbeatError):
    """A value does not fit its instruction field, or a word is no instruction."""


class ProgramError(WingbeatError):
    """A program that the verifier refuses: it could fault, hang or never end."""


class ModelError(WingbeatError):
    """A model file that is damaged, hostile or of a kind that is not supported."""


class CompileError(WingbeatError):
    """A sound model that does not fit the chosen accelerator."""


class ImageError(WingbeatError):
    """An image file that is damaged, or was made for another machine."""


class SynthesisError(WingbeatError):
    """A tool that makes a netlist or a bitstream stopped, or is not installed."""


class DeviceError(WingbeatError):
    """A device that cannot be opened, refuses a program, or stopped with an error."""


class BitstreamError(WingbeatError):
    """A bitstream that is damaged, or is not for this board."""


class RequestError(WingbeatError):
    """A request that cannot be served: prompt too long, option out of range."""


class ScheduleError(WingbeatError):
    """A platform, a task graph or a schedule that breaks a rule of the SoC emulator."""
