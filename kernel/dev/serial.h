/*
 * serial.h - the PC's serial ports, ttyS0 and ttyS1.
 */
#pragma once

/* early, any time: ports that console= names show messages, by polling */
void serial_console_init(void);
void serial_init(void);		/* => tty_init(), interrupts: the ports become terminals */
