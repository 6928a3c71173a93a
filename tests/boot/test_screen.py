"""The window: screen (VGA text, framebuffer) and PS/2 keyboard, with the serial line beside them."""

import pytest

from brink import Machine


def is_text(screen):
    """Most is one colour (the background), and some, but not much, is another: letters."""
    width, height, pixels = screen
    colours = {}
    for i in range(0, len(pixels), 3):
        colours[pixels[i:i + 3]] = colours.get(pixels[i:i + 3], 0) + 1
    background = max(colours.values())
    return len(colours) > 1 and 0.80 * width * height < background < 0.999 * width * height


def try_out_the_window(m):
    """A command typed in the window runs there: it sends a word to the serial line."""
    assert is_text(m.screen())
    m.type("echo typed-$((6*7)) > /dev/ttyS0\n")
    m.expect("typed-42", 60)
    # Arrows and the line editor of the kernel: not before the command has the terminal, as ^C is for the foreground group.
    m.type("sh -c 'trap : INT; echo reads > /dev/ttyS0; cat -v > /dev/ttyS0; echo ends > /dev/ttyS0'\n")
    m.expect("reads", 60)
    m.press("up")
    m.type("abX")
    m.press("backspace")
    m.type("c\n")
    m.expect(r"\^\[\[Aabc\r", 60)
    m.press("ctrl-c")
    m.expect("ends", 60)
    m.type("echo Back > /dev/ttyS0\n")
    m.expect("Back", 60)
    assert is_text(m.screen())


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_iso_in_a_window(firmware):
    """Screen and serial line both have a shell."""
    with Machine.from_iso(firmware) as m:
        # GRUB measures the clock as it starts: on a busy host its 2 seconds may be minutes
        m.expect("executed automatically", 240)
        m.child.send("\r")
        m.expect(r"fbcon: \d+x\d+", 60)
        m.expect("what an operating system does as memory runs out", 60)
        m.expect("# ", 60)
        m.child.send("echo from-serial-$((6*7))\n")
        m.expect("from-serial-42", 60)
        try_out_the_window(m)


def test_vga_text():
    with Machine(mem=128, highmem=0, append="console=tty0", checks=True, qmp=True, extra=["-vga", "std"],
                 initramfs=None) as m:
        m.expect("Run /init as init process", 60)
        m.qmp("query-status")
        # the tests' init gives its one shell to the last console: the screen
        m.type("stty echo\n")
        m.type("echo ready-$((6*7)) > /dev/ttyS0\n")
        m.expect("ready-42", 60)
        try_out_the_window(m)


def test_no_screen_no_console_parameter():
    """Without a VGA card and without console= the serial line is the console."""
    with Machine(mem=128, console="") as m:
        m.wait_shell()
        assert m.run("cat /sys/class/tty/console/active").strip() == "ttyS0"
