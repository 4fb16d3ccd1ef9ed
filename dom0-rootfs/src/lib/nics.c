/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nics.c: the machine's network interfaces, from sysfs. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "mem.h"
#include "nics.h"

#define NET "/sys/class/net"

static char *attribute(const char *name, const char *file)
{
	autofree char *path = xasprintf(NET "/%s/%s", name, file);
	char *text = file_read_line(path);

	return text ? text : xstrdup("");
}

static char *driver_of(const char *name)
{
	autofree char *path = xasprintf(NET "/%s/device/driver", name);
	autofree char *real = realpath(path, NULL);

	return xstrdup(real ? strrchr(real, '/') + 1 : "?");
}

static int is_nic(const struct dirent *entry)
{
	autofree char *path = xasprintf(NET "/%s/device", entry->d_name);

	return entry->d_name[0] != '.' &&
	       strncmp(entry->d_name, "vif", 3) != 0 && file_exists(path);
}

void nics_read(struct nic_list *list)
{
	struct dirent **entries = NULL;
	int n = scandir(NET, &entries, is_nic, versionsort);

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		autofree char *carrier = attribute(name, "carrier");

		list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
		list->v[list->n++] = (struct nic){
			.name = xstrdup(name),
			.mac = attribute(name, "address"),
			.driver = driver_of(name),
			.carrier = !strcmp(carrier, "1"),
		};
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

void nics_free(struct nic_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		free(list->v[i].mac);
		free(list->v[i].driver);
	}
	free(list->v);
	*list = (struct nic_list){ 0 };
}
