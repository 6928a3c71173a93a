/* utsname.h - uname(2). Linux's. */
#pragma once

#define __NEW_UTS_LEN 64
#define UTS_RELEASE "6.1.0-brink"	/* programs and C libraries act on the first two numbers */
struct new_utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};
