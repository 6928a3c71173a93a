/*
 * early_serial.h - COM1, polled, until kernel/dev's serial driver is up.
 */
#pragma once

struct console;
extern struct console early_serial_console;	/* "earlyser": the driver unregisters it */
void early_serial_init(void);			/* => right after cpu_init_boot(). Gives printk its hooks, too */
