#!/usr/bin/env python3
"""The stack's C libraries for 32-bit RISC-V: archives whose sizes are a chip's, made from the same sources.

usage: subjects/webrtc/rv32.py        from the root of the sources, after subjects/webrtc/build.sh i386

Takes the commands by which the i386 libraries were compiled (by ninja's own list of them), and gives them to
the RISC-V compiler: rv32imafc, -Os, a section for each function and variable, as ESP-IDF compiles. Headers are glibc's for
RISC-V, of Debian's cross package: bare-metal C libraries have no sockets and no threads. So the code is compiled, never linked and never run; what it
is for is its sections. The C++ parts (libdatachannel, plog) have no compiler here.

Makes build/webrtc/rv32/lib*.a. Quick when nothing is to do."""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

COMPILER = "riscv64-unknown-elf-gcc"
HEADERS = "/usr/riscv64-linux-gnu/include"
FLAGS = ["-march=rv32imafc", "-mabi=ilp32f", "-Os", "-g", "-ffunction-sections", "-fdata-sections",
         # glibc makes these int; the compiler for bare metal makes them long, of the same size.
         "-U__INT32_TYPE__", "-D__INT32_TYPE__=int", "-U__UINT32_TYPE__", "-D__UINT32_TYPE__=unsigned int", 
         # Its jmp_buf knows no floats of 32 bits.
         "-U__riscv_float_abi_single", "-D__riscv_float_abi_soft=1", "-D__linux__=1", "-D__gnu_linux__=1", "-D__unix__=1", "-Dlinux=1", "-nostdinc"]
LIBRARIES = {"usrsctp": "libusrsctp.a", "libsrtp": "libsrtp2.a", "libjuice": "libjuice.a", "mbedtls": "libmbedtls.a"}
DROPPED = ("-m32", "-msse2", "-mfpmath=sse", "-fno-omit-frame-pointer", "-fcf-protection=none")

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
build = root / "build/webrtc/i386"
out = root / "build/webrtc/rv32"


@functools.cache
def members():
    """What the i386 archives hold: their builds compile tests and programs besides."""
    archives = [path for path in build.rglob("lib*.a") if path.parent.name != "archives"]
    return {name for path in archives for name in subprocess.run(["ar", "t", str(path)], check=True, capture_output=True, text=True).stdout.split()}


def library_of(source):
    """The archive that a source goes into; None for what is not C of one of the four."""
    if not source.endswith(".c") or pathlib.Path(source).name + ".o" not in members():
        return None
    if "/deps/usrsctp/" in source:
        return LIBRARIES["usrsctp"]
    if "/deps/libsrtp/" in source:
        return LIBRARIES["libsrtp"]
    if "/deps/libjuice/" in source:
        return LIBRARIES["libjuice"]
    return LIBRARIES["mbedtls"] if "/mbedtls/" in source else None


@functools.cache
def folders():
    """The compiler's own headers come before glibc's, as everywhere."""
    own = [subprocess.run([COMPILER, f"-print-file-name={name}"], check=True, capture_output=True, text=True).stdout.strip()
           for name in ("include", "include-fixed")]
    return [word for folder in (out / "include", *own, HEADERS) for word in ("-isystem", str(folder))]


def words_of(entry, target):
    """The command for RISC-V."""
    words = shlex.split(entry["command"])[1:]
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-c"):
            skip = word == "-o"
        elif word not in DROPPED and not word.startswith(("-O", "-m", "-Werror")) and word != entry["file"]:
            kept.append(word)
    return [COMPILER, *kept, *FLAGS, *folders(), "-w", "-c", entry["file"], "-o", str(target)]


def compile_one(entry, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(words_of(entry, target), cwd=entry["directory"], capture_output=True, text=True)
    return (entry["file"], done.returncode, done.stderr)


def main():
    listed = subprocess.run(["ninja", "-C", str(build), "-t", "compdb"], check=True, capture_output=True, text=True).stdout
    entries = [e for e in json.loads(listed) if library_of(e["file"])]
    version = subprocess.run([COMPILER, "-dumpfullversion"], check=True, capture_output=True, text=True).stdout
    made_of = hashlib.sha256(json.dumps([entries, version, pathlib.Path(__file__).read_text()]).encode()).hexdigest()
    mark = out / "made-of"
    if mark.exists() and mark.read_text() == made_of:
        return 0
    mark.unlink(missing_ok=True)
    # glibc has no header that lists what is missing for this ABI; nothing is.
    (out / "include/gnu").mkdir(parents=True, exist_ok=True)
    (out / "include/gnu/stubs-ilp32.h").write_text("")
    objects, seen = {}, set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = []
        for entry in entries:
            if entry["file"] in seen:
                continue
            seen.add(entry["file"])
            archive = library_of(entry["file"])
            target = out / "obj" / archive / (pathlib.Path(entry["file"]).name + ".obj")
            objects.setdefault(archive, []).append(target)
            jobs.append(pool.submit(compile_one, entry, target))
        for job in jobs:
            source, code, message = job.result()
            if code:
                print(f"subjects/webrtc/rv32.py: {source} does not compile:\n{message[:2000]}", file=sys.stderr)
                return 1
    for archive, members in objects.items():
        (out / archive).unlink(missing_ok=True)
        subprocess.run(["riscv64-unknown-elf-ar", "rcsD", str(out / archive), *map(str, sorted(set(members)))], check=True)
    mark.write_text(made_of)
    print(f"{len(seen)} sources of {len(objects)} libraries compiled for RISC-V into build/webrtc/rv32", file=sys.stderr)
    return 0


sys.exit(main())
