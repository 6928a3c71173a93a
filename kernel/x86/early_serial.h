/*
 * early_serial.h - printk's hooks, and COM1 for a panic before any console is up.
 */
#pragma once

/* => right after cpu_init_boot(): gives printk its hooks */
void early_serial_init(void);
/* panic(): if no console has registered, the log goes to COM1 */
void early_serial_last_resort(void);
