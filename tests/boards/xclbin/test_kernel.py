from xml.etree import ElementTree

from wingbeat.boards.board import load_board
from wingbeat.boards.xclbin.container import read_sections
from wingbeat.boards.xclbin.emulation import MEMORY_START, emulation_xclbin
from wingbeat.boards.xclbin.kernel import argument_of_port, arguments, embedded_metadata
from wingbeat.boards.xclbin.structures import SectionKind
from wingbeat.hw.register_map import RegisterMap

CONFIG = load_board("u280").accelerator


def test_arguments_begin_behind_the_words_of_the_kernel_convention() -> None:
    assert arguments(CONFIG)[0].offset == 0x10


def test_arguments_are_every_register_that_a_start_takes() -> None:
    found = {
        offset
        for argument in arguments(CONFIG)
        for offset in range(argument.offset, argument.offset + argument.size, 4)
    }
    others = {RegisterMap.CONTROL, RegisterMap.GLOBAL_INTERRUPT}
    others |= {RegisterMap.INTERRUPT_ENABLE, RegisterMap.INTERRUPT_STATUS}
    wanted = {
        register.word(index)
        for register in RegisterMap
        if register.value.writable and register not in others
        for index in range(register.value.words)
    }
    wanted = {offset for offset in wanted if offset < RegisterMap.MEMORY_BASE.word(16)}  # 8 ports
    assert found == wanted


def test_each_port_has_an_argument_of_its_own() -> None:
    listed = arguments(CONFIG)
    for port in range(CONFIG.ports):
        argument = listed[argument_of_port(port)]
        assert (argument.port, argument.offset) == (port, 0x80 + 8 * port)


def test_xrt_finds_everything_that_it_needs_in_the_description() -> None:
    project = ElementTree.fromstring(embedded_metadata(CONFIG, "a card"))
    kernel = project.find("platform/device/core/kernel")
    assert kernel is not None
    assert kernel.get("hwControlProtocol") == "ap_ctrl_hs"
    assert [port.get("mode") for port in kernel.iter("port")] == ["slave"] + ["master"] * 8
    numbers = [int(argument.get("id", "")) for argument in kernel.iter("arg")]
    assert numbers == list(range(len(arguments(CONFIG))))


def test_the_emulated_card_has_one_bank_that_all_ports_reach() -> None:
    sections = read_sections(emulation_xclbin(CONFIG, 1 << 30))
    bank = sections[SectionKind.MEM_TOPOLOGY]
    assert int.from_bytes(bank[16:24], "little") == 1 << 20  # KiB
    assert int.from_bytes(bank[24:32], "little") == MEMORY_START
    links = sections[SectionKind.CONNECTIVITY]
    assert int.from_bytes(links[:4], "little") == CONFIG.ports
    assert sections[SectionKind.GROUP_TOPOLOGY] == bank
    assert len(sections) == 7
