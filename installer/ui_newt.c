/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui_newt.c: pages as windows. What is said of a page is collected, and shown above what is asked. */
#include <ctype.h>
#include <newt.h>
#include <slang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "mem.h"
#include "ui_ops.h"

#define COLUMNS \
	72 /* of text, and so many more for margins and a scroll bar: on 80 */
#define MARGINS 4
#define ROWS_AROUND 6 /* of the screen, that are not inside a window */
#define LIST_ROWS \
	9 /* of a longer list, so that what is above it stays in sight */
#define KEY_ESCAPE 0x1b

/* The page that is being shown. */
static struct {
	char *title;
	bool first;
	char *text;
} page;

/* What is on the screen while something is done. */
static struct {
	newtComponent form, what, scale;
} busy;

static const char keys[] =
	" Tab, arrows: move   Enter: go on   Esc: back   Ctrl-L: draw anew";
static const char first_keys[] =
	" Arrows: move   Enter: go on   P: plain text   Ctrl-L: draw anew";

/* Colours that don't shout. */
static void set_colors(void)
{
	static const struct {
		int set;
		const char *fg, *bg;
	} colors[] = {
		{ NEWT_COLORSET_TITLE, "blue", "lightgray" },
		{ NEWT_COLORSET_LABEL, "black", "lightgray" },
		{ NEWT_COLORSET_ENTRY, "white", "blue" },
		{ NEWT_COLORSET_ACTTEXTBOX, "black", "lightgray" },
		{ NEWT_COLORSET_LISTBOX, "black", "lightgray" },
		{ NEWT_COLORSET_ACTLISTBOX, "white", "blue" },
		{ NEWT_COLORSET_ACTSELLISTBOX, "white", "blue" },
		{ NEWT_COLORSET_CHECKBOX, "black", "lightgray" },
		{ NEWT_COLORSET_ACTCHECKBOX, "white", "blue" },
		{ NEWT_COLORSET_COMPACTBUTTON, "black", "lightgray" },
		{ NEWT_COLORSET_BUTTON, "white", "blue" },
		{ NEWT_COLORSET_ACTBUTTON, "white", "blue" },
		{ NEWT_COLORSET_EMPTYSCALE, "white", "black" },
		{ NEWT_COLORSET_FULLSCALE, "white", "blue" },
	};

	for (size_t i = 0; i < sizeof(colors) / sizeof(*colors); i++)
		newtSetColor(colors[i].set, (char *)colors[i].fg,
			     (char *)colors[i].bg);
}

/* newt makes such a name where it finds a mouse's server, which dom0 has none of; the linker would
 * warn of libc's. */
char *__wrap_tempnam(const char *dir, const char *prefix);
char *__wrap_tempnam(const char *dir, const char *prefix)
{
	(void)dir;
	(void)prefix;
	return NULL;
}

static bool is_screen;

static void say_screen(const char *sequence)
{
	fputs(sequence, stdout);
	fflush(stdout);
}

static bool begin(void)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !term ||
	    !strcmp(term, "dumb"))
		return false;
	/* newt would end the process where it doesn't know the terminal */
	if (SLtt_initialize(NULL) < 0)
		return false;
	/* the screen is asked to draw lines as a VT100 does, which it can't while it takes UTF-8 */
	setenv("LC_ALL", "C", 1);
	is_screen = !strcmp(term, "linux");
	if (is_screen)
		say_screen("\033%@");
	if (newtInit())
		return false;
	set_colors();
	newtCls();
	newtDrawRootText(1, 0, "Paravane");
	newtPushHelpLine("");
	return true;
}

/* newt drops what was typed before a window opens, but waits for one key more if Ctrl-L is in it. */
static void drop_typed(void)
{
	tcflush(STDIN_FILENO, TCIFLUSH);
}

static void drop_busy(void)
{
	if (!busy.form)
		return;
	newtFormDestroy(busy.form);
	newtPopWindow();
	busy.form = busy.what = busy.scale = NULL;
}

static void end(void)
{
	drop_busy();
	free(page.title);
	free(page.text);
	page.title = page.text = NULL;
	newtCls();
	newtFinished();
	if (is_screen)
		say_screen("\033%G");
}

static void begin_page(const char *title, bool first)
{
	free(page.title);
	free(page.text);
	page.title = xstrdup(title);
	page.text = xstrdup("");
	page.first = first;
}

static void add_text(const char *lines)
{
	char *longer = xasprintf("%s%s", page.text, lines);

	free(page.text);
	page.text = longer;
}

static int rows_inside(void)
{
	int columns, rows;

	newtGetScreenSize(&columns, &rows);
	return rows - ROWS_AROUND;
}

static int count_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* A window around the page's text and, below it, @rows of what is asked; *row_r is where those begin. The
 * text can be scrolled where there are too many lines of it. */
static newtComponent open_window(int rows, int *row_r, newtComponent *ok_r,
				 newtComponent *back_r)
{
	newtComponent form = newtForm(NULL, NULL, NEWT_FLAG_NOF12);
	newtComponent text;
	size_t len = strlen(page.text);
	/* what is asked, an empty line and the buttons */
	int below = rows ? rows + 2 : 1;
	int lines, room;

	drop_busy();
	while (len && page.text[len - 1] == '\n')
		page.text[--len] = '\0';
	lines = len ? count_lines(page.text) + 1 : 0;
	room = rows_inside() - below - 1;
	if (lines > room)
		lines = room;
	below += lines ? 1 : 0;
	drop_typed();
	newtCenteredWindow(COLUMNS + MARGINS, (unsigned int)(lines + below),
			   page.title);
	*row_r = lines + (lines ? 1 : 0);
	text = newtTextbox(1, 0, COLUMNS, lines ? lines : 1, NEWT_FLAG_SCROLL);
	newtTextboxSetText(text, page.text);
	if (lines)
		newtFormAddComponent(form, text);
	else
		newtComponentDestroy(text);
	*ok_r = newtCompactButton(page.first ? 31 : 22, lines + below - 1,
				  "  OK  ");
	*back_r = page.first
			  ? NULL
			  : newtCompactButton(40, lines + below - 1, " Back ");
	newtFormAddHotKey(form, KEY_ESCAPE);
	return form;
}

/* Until something was decided: 0, UI_BACK, UI_END or UI_PLAIN. A whole page goes over the line: whoever has
 * just come to a serial console sees it. */
static int run(newtComponent form, newtComponent back)
{
	struct newtExitStruct exit_by;

	newtPopHelpLine();
	newtPushHelpLine(page.first ? first_keys : keys);
	newtDrawForm(form);
	newtResizeScreen(1);
	for (;;) {
		newtFormRun(form, &exit_by);
		if (exit_by.reason == NEWT_EXIT_COMPONENT)
			return back && exit_by.u.co == back ? UI_BACK : 0;
		if (exit_by.reason != NEWT_EXIT_HOTKEY)
			return UI_END;
		if (exit_by.u.key == KEY_ESCAPE && back)
			return UI_BACK;
		if (exit_by.u.key == NEWT_KEY_ENTER)
			return back && newtFormGetCurrent(form) == back
				       ? UI_BACK
				       : 0;
		if (tolower(exit_by.u.key) == 'p')
			return UI_PLAIN;
		newtResizeScreen(1);
	}
}

/* The text was for this question; the next one has its own. */
static void close_window(newtComponent form)
{
	newtFormDestroy(form);
	newtPopWindow();
	free(page.text);
	page.text = xstrdup("");
}

static void add_buttons(newtComponent form, newtComponent ok,
			newtComponent back)
{
	newtFormAddComponent(form, ok);
	if (back)
		newtFormAddComponent(form, back);
}

static int choose(const char *const *items, size_t n, size_t preset)
{
	int rows = n > LIST_ROWS ? LIST_ROWS : (int)n;
	newtComponent ok, back, list, form;
	int row, chosen;

	form = open_window(rows, &row, &ok, &back);
	list = newtListbox(1, row, rows,
			   NEWT_FLAG_RETURNEXIT |
				   (n > LIST_ROWS ? NEWT_FLAG_SCROLL : 0));
	for (size_t i = 0; i < n; i++)
		newtListboxAppendEntry(list, items[i], items[i]);
	newtListboxSetWidth(list, COLUMNS);
	if (preset < n)
		newtListboxSetCurrent(list, (int)preset);
	newtFormAddComponent(form, list);
	add_buttons(form, ok, back);
	newtFormSetCurrent(form, list);
	if (page.first) {
		newtFormAddHotKey(form, 'p');
		newtFormAddHotKey(form, 'P');
	}
	chosen = run(form, back);
	for (size_t i = 0; !chosen && i < n; i++) {
		if (newtListboxGetCurrent(list) == items[i]) {
			chosen = (int)i;
			break;
		}
	}
	close_window(form);
	return chosen;
}

static int pick(const char *const *items, size_t n, bool *picked)
{
	int rows = n > LIST_ROWS ? LIST_ROWS : (int)n;
	newtComponent ok, back, tree, form;
	int row, rc;

	form = open_window(rows, &row, &ok, &back);
	tree = newtCheckboxTree(1, row, rows,
				n > LIST_ROWS ? NEWT_FLAG_SCROLL : 0);
	for (size_t i = 0; i < n; i++)
		newtCheckboxTreeAddItem(tree, items[i], items[i],
					picked[i] ? NEWT_FLAG_SELECTED : 0,
					NEWT_ARG_APPEND, NEWT_ARG_LAST);
	newtCheckboxTreeSetWidth(tree, COLUMNS);
	newtFormAddComponent(form, tree);
	add_buttons(form, ok, back);
	newtFormSetCurrent(form, tree);
	/* there it would be as good as a blank */
	newtFormAddHotKey(form, NEWT_KEY_ENTER);
	rc = run(form, back);
	for (size_t i = 0; !rc && i < n; i++)
		picked[i] = newtCheckboxTreeGetEntryValue(tree, items[i]) ==
			    NEWT_CHECKBOXTREE_SELECTED;
	close_window(form);
	return rc;
}

/* Without the blanks at its ends; caller frees. */
static char *trimmed(const char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return xasprintf("%.*s", (int)len, text);
}

static void refuse(const char *why)
{
	drop_typed();
	newtWinMessage((char *)"Attention", (char *)"  OK  ", (char *)"%s",
		       why);
}

/* What is wrong with the first that is; its index, or @n. */
static size_t check_fields(struct ui_field *fields, newtComponent *entries,
			   size_t n, ui_check check, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		autofree char *why = NULL;

		free(fields[i].text);
		fields[i].text = trimmed(newtEntryGetValue(entries[i]));
		if (fields[i].secret && !*fields[i].text) {
			free(fields[i].text);
			fields[i].text = xstrdup(fields[i].preset);
		}
		why = check ? check(arg, i, fields[i].text) : NULL;
		if (!why)
			continue;
		refuse(why);
		return i;
	}
	return n;
}

static int ask(struct ui_field *fields, size_t n, ui_check check, void *arg)
{
	autofree newtComponent *entries = xcalloc(n, sizeof(*entries));
	newtComponent ok, back, form;
	size_t wrong;
	int row, rc;

	form = open_window((int)n * 2, &row, &ok, &back);
	for (size_t i = 0; i < n; i++, row += 2) {
		int flags = NEWT_FLAG_SCROLL |
			    (i + 1 == n ? NEWT_FLAG_RETURNEXIT : 0) |
			    (fields[i].secret ? NEWT_FLAG_PASSWORD : 0);

		newtFormAddComponent(form, newtLabel(1, row, fields[i].what));
		entries[i] = newtEntry(1, row + 1,
				       fields[i].secret ? "" : fields[i].preset,
				       COLUMNS, NULL, flags);
		newtFormAddComponent(form, entries[i]);
	}
	add_buttons(form, ok, back);
	newtFormSetCurrent(form, entries[0]);
	do {
		rc = run(form, back);
		wrong = rc ? n : check_fields(fields, entries, n, check, arg);
		if (wrong < n)
			newtFormSetCurrent(form, entries[wrong]);
	} while (wrong < n);
	close_window(form);
	return rc;
}

static int wait_for_enter(const char *what)
{
	newtComponent ok, back, form;
	int row, rc;

	add_text(what);
	form = open_window(0, &row, &ok, &back);
	add_buttons(form, ok, back);
	newtFormSetCurrent(form, ok);
	rc = run(form, back);
	close_window(form);
	return rc;
}

static void show_busy(const char *title, bool scale)
{
	if (busy.form && !busy.scale == !scale)
		return;
	drop_busy();
	newtPopHelpLine();
	newtPushHelpLine("");
	drop_typed();
	newtCenteredWindow(COLUMNS + MARGINS, scale ? 5 : 3, title);
	busy.form = newtForm(NULL, NULL, NEWT_FLAG_NOF12);
	busy.what = newtTextbox(1, 1, COLUMNS, scale ? 2 : 1, NEWT_FLAG_WRAP);
	newtFormAddComponent(busy.form, busy.what);
	if (scale) {
		busy.scale = newtScale(1, 4, COLUMNS, 1000);
		newtFormAddComponent(busy.form, busy.scale);
	}
}

static void draw_busy(const char *what)
{
	newtTextboxSetText(busy.what, what);
	newtDrawForm(busy.form);
	newtRefresh();
}

static void say_busy(const char *what)
{
	show_busy("One moment", false);
	draw_busy(what);
}

static void progress(size_t i, size_t n, const char *what)
{
	autofree char *step = xasprintf("%zu of %zu: %s", i + 1, n, what);

	show_busy("Installing", true);
	newtScaleSet(busy.scale, i * 1000 / n);
	draw_busy(step);
}

const struct ui_ops ui_newt = {
	.columns = COLUMNS,
	.begin = begin,
	.end = end,
	.page = begin_page,
	.text = add_text,
	.refuse = refuse,
	.busy = say_busy,
	.progress = progress,
	.choose = choose,
	.pick = pick,
	.ask = ask,
	.wait = wait_for_enter,
};
