/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages.c: what the dialogue's pages share. */
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "pages.h"

#define MOST 4 /* questions at a time */

void page_set(char **field, char *value)
{
	free(*field);
	*field = value;
}

void dialog_free(struct dialog *d)
{
	char **const texts[] = { &d->disk,     &d->second,	  &d->keep,
				 &d->bond,     &d->vlan,	  &d->method,
				 &d->address,  &d->gateway,	  &d->dns,
				 &d->method6,  &d->address6,	  &d->gateway6,
				 &d->hostname, &d->password_hash, &d->timezone,
				 &d->ntp };

	facts_free(&d->facts);
	strlist_free(&d->hardware);
	strlist_free(&d->nics);
	strlist_free(&d->keys);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		page_set(texts[i], NULL);
}

char *page_check(void *arg, size_t i, char *text)
{
	const struct question *q = (const struct question *)arg + i;
	const char *expected;

	if (q->optional && !*text)
		return NULL;
	expected = answers_check(q->section, q->name, text);
	return expected ? xasprintf("'%.60s' can't be taken: expected %s.",
				    text, expected)
			: NULL;
}

int page_ask(const struct question *questions, size_t n)
{
	return page_ask_checked(questions, n, page_check);
}

int page_ask_checked(const struct question *questions, size_t n, ui_check check)
{
	struct ui_field fields[MOST] = { 0 };
	int rc;

	for (size_t i = 0; i < n; i++) {
		const struct question *q = &questions[i];

		fields[i].what = q->what;
		fields[i].preset = *q->field ? *q->field : "";
		fields[i].optional = q->optional;
	}
	rc = ui_ask(fields, n, check, (void *)questions);
	for (size_t i = 0; i < n; i++) {
		if (rc)
			free(fields[i].text);
		else
			page_set(questions[i].field, fields[i].text);
	}
	return rc;
}

int page_read_facts(struct dialog *d)
{
	struct pvn_err err;
	int rc = 0;

	while (rc != UI_END) {
		facts_free(&d->facts);
		if (!facts_read(&d->facts, "", d->slot_dir, &err)) {
			facts_probe(&d->facts);
			return 0;
		}
		ui_page("This machine", 0, 0);
		ui_say("%s", err.msg);
		rc = ui_wait("Press Enter to try again");
	}
	return rc;
}
