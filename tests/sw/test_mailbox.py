import pytest
from tests.sw.scripted import CONTROL, ScriptedDevice

from wingbeat.hw.control import RING_ENTRIES, ErrorCode, State
from wingbeat.hw.errors import DeviceError
from wingbeat.sw.mailbox import LATE, Mailbox


def pair() -> tuple[ScriptedDevice, Mailbox]:
    device = ScriptedDevice()
    return device, Mailbox(device, CONTROL)


def test_the_control_block_is_found_and_decoded() -> None:
    device, mailbox = pair()
    assert device.control == 20
    device.set(head=7, tail=5, heartbeat=0xFFFFFFFF, state=4, error=5, error_pc=99, error_unit=2)
    status = mailbox.status()
    assert (status.head, status.tail, status.heartbeat) == (7, 5, 0xFFFFFFFF)
    assert (status.state, status.error) == (State.FAILED, ErrorCode.WATCHDOG)
    assert (status.error_pc, status.error_unit) == (99, 2)


def test_tokens_come_once_and_in_order() -> None:
    device, mailbox = pair()
    device.publish(5, 6, 7)
    assert mailbox.take() == [5, 6, 7]
    assert mailbox.take() == []
    device.publish(8)
    assert mailbox.take() == [8]


def test_taking_makes_room_when_half_the_ring_is_taken() -> None:
    device, mailbox = pair()
    device.publish(*range(LATE - 1))
    mailbox.take()
    assert device.field("tail") == 0
    device.publish(5)
    mailbox.take()
    assert device.field("tail") == device.field("head") == LATE


def test_two_mailboxes_take_turns_at_one_ring() -> None:
    device, first = pair()
    second = Mailbox(device, CONTROL)
    for mailbox, token in ((first, 5), (second, 6), (first, 7)):
        mailbox.empty()
        device.publish(token)
        assert mailbox.take() == [token]


def test_the_ring_goes_round() -> None:
    device, mailbox = pair()
    for first in range(0, 5 * RING_ENTRIES, 40):
        tokens = list(range(first, first + 40))
        device.publish(*tokens)
        assert mailbox.take() == tokens


def test_the_counters_go_round() -> None:
    device, mailbox = pair()
    device.set(head=0xFFFFFFFE, tail=0xFFFFFFFE)
    device.publish(1, 2, 3)
    assert device.field("head") == 1
    assert mailbox.take() == [1, 2, 3]


def test_a_full_ring_is_taken_whole() -> None:
    device, mailbox = pair()
    device.publish(*range(RING_ENTRIES))
    assert mailbox.take() == list(range(RING_ENTRIES))


def test_a_ring_that_claims_too_much_is_an_error() -> None:
    device, mailbox = pair()
    device.set(head=RING_ENTRIES + 2, tail=1)
    with pytest.raises(DeviceError, match=r"64 tokens at most, not 65 \(head 66, tail 1\)"):
        mailbox.take()
    device.set(head=1, tail=2)
    with pytest.raises(DeviceError, match="not 4294967295"):
        mailbox.take()


def test_what_waits_can_be_thrown_away() -> None:
    device, mailbox = pair()
    device.publish(1, 2, 3)
    assert mailbox.empty() == 3
    assert mailbox.take() == []


def test_a_control_block_of_garbage_is_an_error() -> None:
    device, mailbox = pair()
    device.set(state=77)
    with pytest.raises(DeviceError, match="control block of device scripted"):
        mailbox.status()
