/* hooks.h - credentials for the rooms below. */
#pragma once

void cred_hooks_init(void);	/* called by cred_init() */
