/* caps.h - prctl(2)'s options about capabilities. */
#pragma once

/* The result, or -ENOSYS: @option is not one of these. */
long cap_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5);
