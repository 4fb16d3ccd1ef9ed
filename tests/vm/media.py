# SPDX-License-Identifier: GPL-2.0-or-later
"""media.py: what a machine starts from, or finds, beside the ISO and its disks."""
import contextlib
import functools
import gzip
import http.server
import pathlib
import subprocess
import threading
from collections import namedtuple

# Xen, its arguments, and the other modules, each a path with its arguments.
DirectBoot = namedtuple("DirectBoot", "xen arguments modules")


def _take_out(iso, path, folder):
    to = folder / pathlib.PurePath(path).name
    if not to.exists():
        subprocess.run(["xorriso", "-report_about", "FAILURE", "-osirrox", "on",
                        "-indev", iso, "-extract", path, to],
                       check=True, capture_output=True)
    return to


def unpack_boot(iso, folder, xen="xen"):
    """The ISO's /boot, as a server of network boots has it; iPXE takes no packed Xen."""
    subprocess.run(["xorriso", "-report_about", "FAILURE", "-osirrox", "on", "-indev", iso,
                    "-extract", "/boot", folder], check=True, capture_output=True)
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    if xen == "xen":
        subprocess.run(["gunzip", folder / "xen.gz"], check=True)
    return folder


def _menu_entry(iso, label, folder):
    """The words of an entry of the ISO's menu, module by module."""
    menu = _take_out(iso, "/boot/isolinux/isolinux.cfg", folder).read_text()
    entry = menu.split(f"LABEL {label}\n")[1]
    append = next(line.split(None, 1)[1] for line in entry.splitlines()
                  if line.split()[:1] == ["APPEND"])
    return [module.split(None, 1) for module in append.split("---")]


def direct_boot(iso, folder, more, label="install"):
    """What the ISO's menu starts, with more arguments for dom0's kernel: the same
    files and arguments, as a person gives them at the menu or in a network boot."""
    xen, kernel, *others = _menu_entry(iso, label, folder)
    plain = folder / "xen"
    plain.write_bytes(gzip.decompress(_take_out(iso, xen[0], folder).read_bytes()))
    modules = [f"{_take_out(iso, kernel[0], folder)} {kernel[1].strip()} {more}"]
    modules += [str(_take_out(iso, path.strip(), folder)) for path, *_ in others]
    return DirectBoot(plain, xen[1].strip(), modules)


def labelled_volume(path, files, label="PARAVANE"):
    """A FAT filesystem, as on a USB stick, with these files: names and texts."""
    subprocess.run(["mformat", "-C", "-i", path, "-v", label, "-T", "2880", "-h", "2",
                    "-s", "18", "::"], check=True)
    for name, text in files.items():
        subprocess.run(["mcopy", "-i", path, "-", f"::/{name}"], input=text, text=True,
                       check=True)
    return path


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.posted.append(self.rfile.read(length).decode())
        self.do_GET()

    def do_GET(self):
        status, text = self.server.answer
        text = self.server.paths.get(self.path, text)
        self.server.asked.append(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web_server(text="", status=200):
    """A server which gives everyone the same; set 'answer' to change it, 'paths' for what has a text of
    its own, see 'asked' for the paths, 'posted' for what came. 'url' is its address as machines see it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.answer, server.paths = (status, text), {}
        server.asked, server.posted = [], []
        server.url = f"http://10.0.2.2:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class _FolderHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def file_server(folder):
    """A web server of the files in a folder; yields its address as machines see it."""
    handler = functools.partial(_FolderHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://10.0.2.2:{server.server_port}"
        server.shutdown()
        thread.join()
