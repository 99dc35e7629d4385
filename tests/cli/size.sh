#!/bin/sh
# `ramlens size` as a user meets it: objects and archives, linked programs, maps; sums as readelf and size have them.
# shellcheck disable=SC1091,SC2154,SC2317 # what is sourced is checked by itself; check calls most functions
. "${0%/*}/../programs/common.sh"

size() { "$ramlens" size "$@"; }
cd "$tmp" || exit 2

json() { # expression over the document `d`, arguments of size
    expression=$1
    shift
    size --json "$@" | /usr/bin/python3 -c "import json,sys; d=json.load(sys.stdin); print($expression)"
}

cat >a.c <<'END'
int shared_counter;                        /* COMMON with -fcommon */
static int state = 5, table[10];           /* statics of one name in two files */
const char *greet(void) { return "hello, hello, hello"; }
int next(void) { return ++state + table[shared_counter++ % 10]++; }
int unused(void) { return 7; }
END
cat >b.c <<'END'
int shared_counter;
static int state = 6;
_Thread_local int errors, marks = 3;
const char *again(void) { return "hello, hello, hello"; }
int other(void) { return ++state + shared_counter + errors + marks; }
END
printf 'int next(void);\nint main(void) { return next(); }\n' >main.c
for machine in 64 32; do
    gcc -m$machine -g -O1 -fcommon -ffunction-sections -fdata-sections -c a.c -o a$machine.o
    gcc -m$machine -g -O1 -fcommon -ffunction-sections -fdata-sections -c b.c -o b$machine.o
    gcc -m$machine -g -O1 -c main.c -o main$machine.o
    rm -f lib$machine.a && ar rcs lib$machine.a a$machine.o b$machine.o
    gcc -m$machine -o program$machine main$machine.o lib$machine.a -Wl,--gc-sections -Wl,-Map=program$machine.map
done

# ---- before linking

for machine in 64 32; do
    common=8 # two COMMON blocks of one name
    check "an archive of $machine bits has what readelf says its members load, and COMMON" \
        equal "$(json 'd["files"][0]["section_bytes"]' lib$machine.a)" $(($(loaded a$machine.o) + $(loaded b$machine.o) + common))
done
check "of two COMMON blocks of one name one stays, of equal strings, too" \
    equal "$(json 'd["total"]["duplicate"]' lib64.a)" $((4 + 20))
check "rows, what is beyond the limit and the total agree" \
    equal "$(json 'sum(r["bytes"] for r in d["rows"]) + d["rest"]["bytes"] == d["total"]["bytes"], d["rest"]["rows"] > 0' --by symbol --limit 2 lib64.a)" "True True"
check "statics of one name in two files are two" \
    equal "$(json 'len([r for r in d["rows"] if r["symbol"] == "state"])' --by symbol --filter symbol=state lib64.a)" 2
size --by symbol --filter 'kind=zero and not symbol=errors' lib64.a >text
check "the filter leaves what was asked for" equal "$(grep -c '^table  *a.c:2 ' text)" 1
size --filter 'archive=lib6.a and kind=zero' lib64.a >text
check "a filter that nothing matches is answered with what there is" sh -c "grep -q '^Nothing matches' text && grep -q '^  archive lib64.a$' text && grep -q '^  kind .*zero' text"
echo 'int use_a(int i) { return i; }' | g++ -g -xc++ -c -o mangled.o -
check "a filter matches names as they are shown, and as the linker has them" \
    equal "$(for w in 'use_a*' '_Z5use_ai'; do json 'd["total"]["symbols"]' --by symbol --filter "symbol=$w" mangled.o; done)" "1
1"
check "what has no value is -" equal "$(json 'd["total"]["symbols"], d["total"]["bytes"] > 0' --filter symbol=- mangled.o)" "0 True"
check "what a filter leaves out is in no sum" sh -c "! grep -q marks text"
check "the lower bound is what the roots reach, and no block of COMMON that another object has, too" \
    equal "$(json '[r["symbol"] for r in sorted(d["rows"], key=lambda r: r["symbol"]) if r["at_least"]]' --root next --by symbol lib64.a)" \
    "['next', 'state', 'table']"
check "an object given by itself with main() is a root" \
    equal "$(json 'any(r["symbol"] == "next" and r["at_least"] for r in d["rows"]), d["has_lower_bound"]' --by symbol main64.o lib64.a)" "True True"
check "a root that nobody defines is refused" says 2 "*no object defines a symbol 'nothing'*" size --root nothing lib64.a

# ---- after linking

for machine in 64 32; do
    check "a program of $machine bits has what readelf says it loads" \
        equal "$(json 'd["files"][0]["section_bytes"], d["total"]["bytes"] == d["files"][0]["section_bytes"]' program$machine)" "$(loaded program$machine) True"
    check "with its map, too" \
        equal "$(json 'd["total"]["bytes"], d["total"]["unknown"]' program$machine program$machine.map)" "$(loaded program$machine) 0"
done
check "the map alone says the same of what was linked" \
    equal "$(json 'd["rows"][0]["bytes"]' --by object --filter object=a64.o program64.map)" \
    "$(json 'd["rows"][0]["bytes"]' --by object --filter object=a64.o program64 program64.map)"
check "what the archive had and the program has not is told" \
    equal "$(json '[r["dropped"] > 0 for r in d["rows"] if r["archive"] == "lib64.a"]' program64 program64.map)" "[True]"
mkfifo pipe
check "a map may come through a pipe" sh -c "(cat program64.map >pipe &) && $ramlens size program64 pipe >piped && $ramlens size program64 program64.map | cmp - piped"
check "and what it had in all, which is what it has before linking" equal "$(json '[r["in_archive"] for r in d["rows"] if r["archive"] == "lib64.a"]' program64 program64.map)" \
    "$(json '[d["files"][0]["section_bytes"]]' lib64.a)"
check "by the map alone, too" \
    equal "$(json '[r["dropped"] > 0 for r in d["rows"] if r["archive"] == "lib64.a"]' program64.map)" "[True]"
gcc -o direct main64.o a64.o b64.o -Wl,--gc-sections -Wl,-Map=direct.map
check "of objects that were given directly, too" \
    equal "$(json '[r["dropped"] > 0 for r in d["rows"] if r["archive"] == "a64.o"]' direct direct.map)" "[True]"
check "what is too wide makes do with letters" sh -c "COLUMNS=90 $ramlens size program64 program64.map >narrow; \
    grep -q '^by: m map' narrow && ! grep -q 'bytes .*symbols' narrow && ! sed '/^by: /d' narrow | grep -qE '^.{91}'"
columns() { # columns, arguments of size: the longest line of its tables
    width=$1
    shift
    COLUMNS=$width "$ramlens" size "$@" | grep -v '[.]$' | /usr/bin/python3 -c 'import sys; print(max(len(l) - 1 for l in open(0, encoding="utf-8")))'
}
firmware=$root/build/standin/standin
for by in "" "--by region,archive --target esp32p4" "--by region,symbol --target esp32p4" "--by file" "--holes" "--by symbol"; do
    # shellcheck disable=SC2086 # words
    check "80 columns are enough: $by" test "$(columns 80 $by "$firmware.elf" "$firmware.map")" -le 80
done
printf 'void %s(void) {}\n' "$(printf 'long_name_%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13)" >long.c
gcc -c long.c -o long.o
check "a long name does not put the figures far to the right" test "$(columns 200 --by symbol long.o)" -le 120
check "where there is room there are words" sh -c "COLUMNS=200 $ramlens size program64 program64.map | grep -qE 'padding .*linker .*symbols  known by'"
check "a symbol's kind is a word" sh -c "$ramlens size --by symbol program64 | grep -qE '^next  *a.c:4  *code +[0-9]+ '"
check "sorted by one kind there is its column" sh -c "$ramlens size --by symbol --sort zero program64 | head -1 | grep -q 'kind  *zero  *bytes'"
check "a row names where its symbol was declared" sh -c "$ramlens size --by symbol --filter symbol=next program64 | grep -q '^next  *a.c:4 '"
check "by file, debug information is read" sh -c "$ramlens size --by file program64 | grep -q 'a\.c '"
head -c "$(($(grep -abo '^\.bss' program64.map | head -1 | cut -d: -f1)))" program64.map >cut.map
size cut.map >text 2>err
check "a map whose end is missing is told" sh -c "[ $? = 0 ] && grep -q 'cut.map: its end is missing' err"
objcopy --add-section .more=main.c --set-section-flags .more=alloc,readonly,data --change-section-address .more=0x700000 program64 more 2>err
size more program64.map >text 2>err
check "so is one that lacks a section" sh -c "[ $? = 0 ] && grep -q 'tells nothing of 1 sections of the program, such as .more' err"
size program64 program64.map >text 2>err
check "of a whole one nothing is told" test ! -s err
printf 'int odd[5] __attribute__((section(".ccm"))) = { 1 };\n' >ccm.c
gcc -c ccm.c -o ccm.o && gcc -o ccm main64.o a64.o b64.o ccm.o -Wl,-Map=ccm.map
check "what it is and whose it is are two things" sh -c "$ramlens size --by object ccm.map | grep -q '^20 B .* have an owner, but neither' && \
    $ramlens size ccm.map | grep -q '^0 B .* are unknown: no symbol and no map says whose'"
check "a map of another program is refused" says 2 '*is not the program that its linker map tells of*' size program32 program64.map
check "JSON keeps to its schema" sh -c "$ramlens size --json --by region,symbol,kind program64 program64.map >json &&
    /usr/bin/python3 '$root/tests/subject/schema.py' '$root/docs/size.schema.json' json rows 0 bytes"
check "two answers are equal" sh -c "$ramlens size --json --by region,symbol,kind program64 program64.map | cmp - json"
keys=region,component,archive,object,file,symbol,kind,section,input,fate,cause,program
check "JSON by all keys at once keeps to its schema" sh -c "$ramlens size --json --by $keys program64 program64.map >json &&
    /usr/bin/python3 '$root/tests/subject/schema.py' '$root/docs/size.schema.json' json rows 0 bytes"
check "and its bytes are all" equal "$(json 'sum(r["bytes"] for r in d["rows"])' --by $keys program64 program64.map)" "$(loaded program64)"
check "a key given twice is refused" says 2 "*--by has 'kind' twice*" size --by kind,file,kind program64
check "CSV has as many fields in each line" sh -c "$ramlens size --csv --by symbol program64 | tr -d '\\r' | awk -F, '{ print NF }' | sort -u | wc -l | grep -qx 1"

printf 'static int big(int x) { int s = 0; for (int i = 0; i < x; i++) s += i * x; return s; }\nint (*p)(int) = big;\nstatic int cnt[50];\nint *q = cnt;\n' >sx.c
gcc -O1 -ffunction-sections -fdata-sections -c sx.c && strip --strip-unneeded sx.o
check "what was stripped is named after its section" \
    equal "$(json '[(r["symbol"], r["bytes"], r["known_by"]) for r in d["rows"] if r["symbol"] == "cnt"]' --by symbol sx.o)" "[('cnt', 200, ['object', 'section'])]"
check "by a map alone, too" equal "$(json '[(r["symbol"], r["known_by"]) for r in d["rows"] if r["symbol"] == "next"]' --by symbol program64.map)" \
    "[('next', ['map', 'section'])]"
check "a symbol comes before its section's name" equal "$(json '[(r["symbol"], r["known_by"]) for r in d["rows"] if r["symbol"] == "next"]' --by symbol program64 program64.map)" \
    "[('next', ['map', 'symbols'])]"

# ---- structs and stacks

printf 'struct s { char a; int b; char c; }; struct s all[5]; unsigned char net_task_stack[512];\nint f(int n) { volatile char big[300]; big[n] = 1; return big[0]; }\n' >types.c
gcc -g -O1 -fstack-usage -c types.c -o types.o
check "a struct's holes count as often as it lies in memory" \
    equal "$(json '[(h["name"], h["holes"], h["tail"], h["instances"], h["lost"]) for h in d["holes"]]' --holes types.o)" "[('s', 3, 3, 5, 30)]"
check "a stack of a task is found by its name" \
    equal "$(json '[(k["variable"], k["bytes"], k["known_by"]) for k in d["stacks"]]' --stacks types.o types.su)" "[('net_task_stack', 512, 'name')]"
check "frames are those of the compiler" \
    equal "$(json '[(k["function"], k["bytes"]) for k in d["frames"]]' --stacks types.o types.su)" "[('f', $(awk '{ print $2 }' types.su))]"
printf 'struct a { int f(int); }; struct b { int f(int); };\nint a::f(int n) { volatile char x[100]; x[n] = 1; return x[0]; }\nint b::f(int n) { volatile char x[200]; x[n] = 1; return x[0]; }\n' >frames.cpp
g++ -g -O1 -fstack-usage -c frames.cpp -o frames.o
check "functions of one name are told apart by their lines" equal "$(json 'd["frames"][0]["line"], len(d["frames"])' --stacks frames.o frames.su)" "3 2"
printf 'int f(int n) { char x[n]; __builtin_memset(x, n, n); return x[n / 2]; }\nint g(int n) { volatile char x[50]; x[n] = 1; return x[0]; }\n' >grows.c
clang -g -O0 -fstack-size-section -c grows.c -o grows.o
check "frames of sections have places" equal "$(json '[(k["function"], k["line"]) for k in d["frames"]]' --stacks grows.o)" "[('g', 2)]"
check "frames that grow are missed" sh -c "$ramlens size --stacks grows.o | grep -q '^1 functions have none: clang'"
check "the three have tables" sh -c "$ramlens size --holes --stacks types.o types.su | grep -c '^Structs that lose\|^Static stacks\|^Largest stack frames' | grep -qx 3"
check "JSON with them keeps to its schema, too" sh -c "$ramlens size --json --holes --stacks types.o types.su >json &&
    /usr/bin/python3 '$root/tests/subject/schema.py' '$root/docs/size.schema.json' json holes 0 lost"

# ---- a stand-in for a firmware

standin=$root/build/standin/standin
check "in a linked firmware's shape at most 2 % are unknown with its map" \
    equal "$(json 'd["total"]["unknown"] * 50 <= d["total"]["bytes"]' --target esp32p4 "$standin.elf" "$standin.map")" True
check "and at most 5 % without" equal "$(json 'd["total"]["unknown"] * 20 <= d["total"]["bytes"]' "$standin.elf")" True
check "sections of every memory are charged to it" \
    equal "$(json '{m["name"]: m["used"] for m in d["memories"]}["psram"]' --target esp32p4 "$standin.elf" "$standin.map")" 153600
check "what the chip keeps for itself is not left" \
    equal "$(json '{m["name"]: m["reserved"] for m in d["memories"]}["internal"]' --target esp32p4 --set cache=256K "$standin.elf")" 263260
check "nothing of it lies elsewhere on the chip it was linked for" \
    equal "$(json 'd["elsewhere"]' --target esp32p4 "$standin.elf" "$standin.map")" 0
check "on another chip that is told" sh -c "$ramlens size --target esp32c6 $standin.elf $standin.map | grep -q 'has no memory. Is it a program for another chip?'"

# ---- mistakes

check "a file that is none is named" says 2 "ramlens size: $tmp/main.c: is no map of GNU ld or lld*" size "$tmp/main.c"
printf '/* GNU ld script */\nGROUP ( a64.o )\n' >libscript.so
check "a linker script for other files is named as one" says 2 '*libscript.so: is a linker script that stands for other files*' size libscript.so
check "a file that is missing is named" says 2 '*nothing.a*No such file*' size nothing.a
size nothing.a "$tmp" >text 2>err
check "when none can be read nothing is shown" sh -c "[ $? = 2 ] && [ ! -s text ] && tail -n 1 err | grep -q 'none of the files could be read'"
cp lib64.a broken.a && truncate -s 200 broken.a
size broken.a lib32.a >text 2>err
check "a damaged archive among others is told, the others shown" sh -c "[ $? = 1 ] && grep -q 'broken.a.*; left out' err && grep -q '^lib32.a ' text"
check "alone it is refused with its byte" says 2 '*broken.a (byte *' size broken.a
gcc -O1 -flto -c a.c -o slim.o
check "code that is not there yet is refused with the reason" says 2 '*slim.o: holds no code yet*-ffat-lto-objects*' size slim.o
whole=$(wc -c <program64)
head -c $((whole / 2)) program64 >half
check "a program that was cut off is refused with the byte" says 2 "*half (byte *): is damaged or cut off: *" size half
head -c 400 a64.o >cut.o
check "so is an object" says 2 '*cut.o (byte *): is damaged or cut off: the table of sections lies outside*' size cut.o
rm -f with.a && ar rcS with.a cut.o a64.o
size with.a >text 2>err
check "of an archive with such a member the others are shown, and that it is not all" sh -c "[ $? = 1 ] && grep -q 'with.a(cut.o) is damaged' err && grep -q '^with.a ' text"
python3 - <<'END'
d = bytearray(open("program64", "rb").read())
d[40:48] = bytes(8) # e_shoff
d[60:64] = bytes(4) # e_shnum, e_shstrndx
open("bare", "wb").write(d)
END
check "a program without a table of sections is no program of 0 bytes" says 2 '*bare: has no table of sections*' size bare
python3 - <<'END'
import struct
d = bytearray(open("program64", "rb").read())
at, step, count = struct.unpack_from("<Q", d, 40)[0], *struct.unpack_from("<HH", d, 58)
for i in range(count): # what is zero at the start wraps around
    if struct.unpack_from("<I", d, at + i * step + 4)[0] == 8:
        struct.pack_into("<Q", d, at + i * step + 32, 2**64 - 16)
open("wraps", "wb").write(d)
END
check "a section that wraps around is refused" says 2 "*wraps (byte *addresses wrap around*" size wraps
python3 - <<'END' # parts that lie over each other, by which a small file could take much time
import struct, zlib

def head(sections, at, names, kind=1, segments=0):
    return b"\x7fELF" + bytes([1, 1, 1]) + bytes(9) + struct.pack("<HHIIIIIHHHHHH", kind, 243, 1, 0, 52 if segments else 0, at, 0, 52, 32,
                                                                   segments, 40, sections, names)

def section(name=0, kind=0, flags=0, at=0, size=0, link=0, info=0, entry=0):
    return struct.pack("<10I", name, kind, flags, 0, at, size, link, info, 1, entry)

names = b"\0.data\0"
long = b"\0" + b"a" * 200000 + b"\0"
symbols = bytes(16) + b"".join(struct.pack("<IIIBBH", 1 + i % 64, i * 4, 4, 17, 0, 1) for i in range(20000))
at = 52 + len(long) + len(symbols)
open("names.o", "wb").write(head(5, at + len(names), 4) + long + symbols + names + section() + section(1, 8, 3, size=80000) + section(0, 2, 0, 52 + len(long),
    len(symbols), 3, 1, 16) + section(0, 3, 0, 52, len(long)) + section(0, 3, 0, at, len(names)))
packed = struct.pack("<III", 1, 1 << 20, 1) + zlib.compress(bytes(1 << 20))
at = 52 + len(packed)
open("packed.o", "wb").write(head(42, at + len(names), 41) + packed + names + section() + section(1, 1, 2 | 0x800, 52, len(packed)) * 40 +
    section(0, 3, 0, at, len(names)))
open("over.o", "wb").write(head(42, 52 + len(long) + len(names), 41) + long + names + section() + section(1, 1, 2, 52, len(long)) * 40 +
    section(0, 3, 0, 52 + len(long), len(names)))
table = b"".join(struct.pack("<8I", 1, 0, 0x10000 + i * 64, 0x10000 + i * 64, 0, 16, 6, 4) for i in range(2000))
at = 52 + len(table)
open("segments", "wb").write(head(3, at + len(names), 2, 2, 2000) + table + names + section() + section(1, 8, 3, size=16) + section(0, 3, 0, at, len(names)))
def member(name, size):
    return ("%-16s%-12s%-6s%-6s%-8s%-10d\x60\n" % (name, 0, 0, 0, 644, size)).encode()
open("names.a", "wb").write(b"!<arch>\n" + member("//", 100002) + b"a" * 100000 + b"/\n" + member("/0", 0) * 1000)
END
check "names that lie over each other are refused" says 2 '*names.o (byte *names lie over each other*' size names.o
check "so are sections" says 2 '*over.o (byte *sections lie over each other*' size over.o
check "loaded sections that are compressed" says 2 '*packed.o (byte *is loaded and compressed*' size packed.o
check "thousands of segments" says 2 '*segments (byte *more than 1,024 segments*' size segments
check "a name for many members that is longer than any path" says 2 "*names.a (byte *longer than 4,096 bytes*" size names.a
for order in 'program64 program64.map program32' 'program64 program32 program64.map' 'program32 program64 program64.map'; do
    # shellcheck disable=SC2086 # words
    check "two programs with one map are refused: $order" says 2 '*is a second program, and a map goes with one*' size $order
done
check "an unknown key is named with the nearest" says 2 "*no key 'symbl', did you mean 'symbol'*" size --by symbl a64.o
check "a mistake in a filter shows where" says 2 "*filter, at 'knid=zero': there is no field 'knid'*" size --filter 'knid=zero' a64.o
check "a parameter without a chip is refused" says 2 '*--target names it*' size --set cache=256K a64.o
finish
