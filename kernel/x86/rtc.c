/*
 * rtc.c - reading date and time from the CMOS clock.
 *
 * Idea:  read twice until two readings agree and no update was under way.
 * Locks: none: called once, at boot.   Source: Motorola MC146818A datasheet.
 */
#include "kernel/x86/rtc.h"
#include "kernel/x86/io.h"

enum {
	RTC_PORT = 0x70,
	RTC_DATA = 0x71,
	RTC_SECOND = 0,
	RTC_MINUTE = 2,
	RTC_HOUR = 4,
	RTC_DAY = 7,
	RTC_MONTH = 8,
	RTC_YEAR = 9,
	RTC_A = 10,
	RTC_B = 11,
	RTC_A_UPDATING = 0x80,
	RTC_B_BINARY = 4,
	RTC_B_24H = 2,
	RTC_PM = 0x80,
	MAX_TRIES = 10000
};

struct rtc { u8 second, minute, hour, day, month, year; };

static u8 cmos(u8 reg)
{
	outb(reg, RTC_PORT);
	return inb(RTC_DATA);
}

static void read_once(struct rtc *r)
{
	*r = (struct rtc){ cmos(RTC_SECOND), cmos(RTC_MINUTE), cmos(RTC_HOUR), cmos(RTC_DAY), cmos(RTC_MONTH), cmos(RTC_YEAR) };
}

static u8 from_bcd(u8 v) { return (v >> 4) * 10 + (v & 15); }

static void decode(struct rtc *r)
{
	u8 b = cmos(RTC_B), pm = r->hour & RTC_PM;

	r->hour &= ~RTC_PM;
	if (!(b & RTC_B_BINARY))
		*r = (struct rtc){ from_bcd(r->second), from_bcd(r->minute), from_bcd(r->hour), from_bcd(r->day),
				   from_bcd(r->month), from_bcd(r->year) };
	if (!(b & RTC_B_24H))
		r->hour = r->hour % 12 + (pm ? 12 : 0);
}

/*
 * Days from 1970 to the first of March of year 2000 + y and on: years begin in March, so a leap
 * day is last.
 */
static u64 days_since_1970(unsigned int year, unsigned int month, unsigned int day)
{
	unsigned int y = month < 3 ? year - 1 : year, m = (month + 9) % 12;

	return 365UL * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

u64 rtc_read_seconds(void)
{
	struct rtc a = { 0 }, b;

	for (int i = 0; i < MAX_TRIES; i++) {
		if (cmos(RTC_A) & RTC_A_UPDATING)
			continue;
		read_once(&a);
		read_once(&b);
		if (a.second == b.second && a.minute == b.minute && a.hour == b.hour &&
		    a.day == b.day)
			break;
	}
	decode(&a);
	if (a.month < 1 || a.month > 12 || a.day < 1 || a.day > 31 || a.hour > 23 ||
	    a.minute > 59 || a.second > 60)
		return 0;
	return ((days_since_1970(2000 + a.year, a.month, a.day) * 24 + a.hour) * 60 + a.minute) *
		       60 +
	       a.second;
}
