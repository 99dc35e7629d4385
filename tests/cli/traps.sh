#!/bin/sh
# Known answers: objects, archives and programs whose sizes are written down here, for each trap that other tools fell into
# (docs/compare-size.md), by gcc and clang, for x86, RISC-V and ARM; to the byte.
# shellcheck disable=SC1091,SC2154,SC2317 # what is sourced is checked by itself; check calls most functions
. "${0%/*}/../programs/common.sh"

cd "$tmp" || exit 2

size() {
    "$ramlens" size "$@"
}

json() { # expression over the document `d` and the symbols' bytes `b`, arguments of size
    expression=$1
    shift
    size --json --by symbol,kind "$@" | /usr/bin/python3 -c "import json,sys
d=json.load(sys.stdin); b={}; n={}
for r in d['rows']: k=(r['symbol'],r['kind']); b[k]=b.get(k,0)+r['bytes']; n[k]=n.get(k,0)+1
print($expression)"
}

place() { # symbol, file: where it was declared, as the table for people has it
    size --by symbol --filter "symbol=$1" "$2" | awk -v s="$1" '$1 == s { print $2; exit }'
}

places() { # file, symbol...
    file=$1
    shift
    for symbol; do
        case $(place "$symbol" "$file") in
        *:*) place "$symbol" "$file" ;;
        *) echo - ;;
        esac
    done | paste -sd ' '
}

cat >one.c <<'END'
char zero_bytes[100];
int data_words[5] = { 1, 2, 3, 4, 5 };
const short table[30] = { 7 };
_Thread_local char thread_zero[16];
_Thread_local int thread_data[2] = { 1, 2 };
static int state[8] = { 1 };
static int counter;
const char *text(void) { return "said by both of them"; }
int real_name(int i) { return state[i & 7]++ + counter++ + thread_zero[0] + thread_data[0]; }
int other_name(int i) __attribute__((alias("real_name")));
int unused_here(int i) { return i * 7 + data_words[i & 3]; }
__asm__(".globl absolute\n.set absolute, 0x1234\n.size absolute, 400\n.type absolute, %object");
__asm__(".section .text.bare,\"ax\"\n.globl bare\n.type bare, %function\nbare:\n.rept 6\nnop\n.endr\n.text");
END
cat >two.c <<'END'
static int state[4] = { 2 };
int shared_block[25];
const char *again(void) { return "said by both of them"; }
int change(int i) { return state[i & 3]++ + shared_block[i]; }
END
printf 'extern const char *text(void), *again(void);\nextern int real_name(int), change(int);\nint main(void) { return real_name(1) + change(2) + text()[0] + again()[1]; }\n' >main.c

cat >thread.c <<'END'
_Thread_local char slots[24];
_Thread_local int first = 1, other = 2, visits = 4;
static _Thread_local int hidden[3] = { 1 };
static const int depth = 5;
int use(void) { static _Thread_local int visits = 7; return slots[0] + first + hidden[other] + ++visits + depth; }
int sink(void) { static _Thread_local int depth = 3; return ++depth; }
END
cat >thread.cpp <<'END'
static thread_local int hidden = 1;
namespace n { thread_local int inner = 2; static thread_local int deep = 3; }
namespace { thread_local int unseen = 4; }
struct S { static thread_local int member; };
thread_local int S::member = 5;
int use() { static thread_local int visits = 7; return ++hidden + ++n::inner + ++n::deep + ++unseen + ++S::member + ++visits; }
END

# ---- before linking, by each compiler

before() { # name, compiler...
    who=$1
    shift
    "$@" -g -O1 -fcommon -ffreestanding -fno-pic -ffunction-sections -fdata-sections -c one.c -o "one-$who.o" || exit 2
    "$@" -g -O1 -fcommon -ffreestanding -fno-pic -ffunction-sections -fdata-sections -c two.c -o "two-$who.o" || exit 2
    "$@" -g -O1 -ffreestanding -fno-pic -c main.c -o "main-$who.o" || exit 2
    wanted="(100, 20, 60, 16, 8, 32, 4)"
    bare=12 # six instructions
    case $who in *64 | i386 | dwarf-4 | sections) bare=6 ;; esac
    check "$who: data, zero data, constants, thread-local" equal "$wanted" "$(json "(b['zero_bytes','zero'], b['data_words','data'], \
b['table','constant'], b['thread_zero','thread-zero'], b['thread_data','thread-data'], b['state','data'], b['counter','zero'])" "one-$who.o")"
    check "$who: COMMON is zero data, statics of one name stay apart" equal "(100, 16)" "$(json "(b['shared_block','zero'], b['state','data'])" "two-$who.o")"
    check "$who: in two objects, too" equal "(48, 2)" "$(json "(b['state','data'], n['state','data'])" "one-$who.o" "two-$who.o")"
    check "$who: assembly without a size reaches to the end" equal "$bare" "$(json "b['bare','code']" "one-$who.o")"
    check "$who: an alias is no second function, an absolute symbol no variable" equal "(1, False)" \
        "$(json "(len({k[0] for k in b} & {'real_name', 'other_name'}), any(k[0] == 'absolute' for k in b))" "one-$who.o")"
    check "$who: no label, no mark is a symbol" equal "[]" "$(json "[k[0] for k in b if k[0].startswith(('.L', '\$'))]" "one-$who.o")"
    check "$who: all loaded bytes and COMMON, once" equal "$(($(loaded "one-$who.o") + 100))" "$(json "d['files'][0]['section_bytes']" "one-$who.o")"
    check "$who: relocated debug information has the places" equal "two.c:4 one.c:2 two.c:2" \
        "$(place change "two-$who.o") $(place data_words "one-$who.o") $(place shared_block "two-$who.o")"
    "$@" -g -O1 -ffreestanding -fno-pic -c thread.c -o "thread-$who.o" || exit 2
    check "$who: and the thread-local, which have no address" equal "thread.c:1 thread.c:2 thread.c:3 thread.c:2" \
        "$(places "thread-$who.o" slots other hidden visits)"
    case $who in # gcc says nothing of those in functions
    riscv*) check "$who: in a function, none of another of the name" equal "- -" "$(places "thread-$who.o" visits.1 depth.0)" ;;
    clang*) check "$who: in a function, too" equal "thread.c:5 thread.c:6" "$(places "thread-$who.o" use.visits sink.depth)" ;;
    *) check "$who: in a function, too" equal "thread.c:5 thread.c:6" "$(places "thread-$who.o" visits.1 depth.0)" ;;
    esac
}

rv="-march=rv32imac -mabi=ilp32"
before x86-64 gcc
before i386 gcc -m32
# shellcheck disable=SC2086 # two words
before riscv32 riscv64-unknown-elf-gcc $rv
before arm arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb
before clang-x86-64 clang
# shellcheck disable=SC2086
before clang-riscv32 clang --target=riscv32-unknown-elf $rv
before clang-arm clang --target=arm-none-eabi -mcpu=cortex-m4 -mthumb
before dwarf-4 gcc -gdwarf-4
# shellcheck disable=SC2086
before riscv32-dwarf-4 riscv64-unknown-elf-gcc $rv -gdwarf-4
before sections gcc -Wa,--compress-debug-sections

of_cxx() { # name, how many places, compiler...
    who=$1 wanted=$2
    shift 2
    "$@" -g -O1 -ffreestanding -fno-pic -c thread.cpp -o "thread-$who.o" || exit 2
    check "$who: thread-local ones of C++, at file scope, in namespaces, classes, functions" equal "$wanted" \
        "$(size --by symbol --filter 'kind=thread*' "thread-$who.o" | grep -c 'thread.cpp:[1-6] ')"
}
of_cxx g++ 6 g++
of_cxx clang++ 6 clang++
# shellcheck disable=SC2086
of_cxx riscv32-g++ 5 riscv64-unknown-elf-g++ $rv

# ---- archives

for who in x86-64 riscv32 arm clang-riscv32; do
    mkdir -p "m-$who/sub"
    cp "one-$who.o" "m-$who/util.o"
    cp "two-$who.o" "m-$who/sub/util.o"
    rm -f "lib$who.a"
    ar qcs "lib$who.a" "m-$who/util.o" "m-$who/sub/util.o" 2>/dev/null
    check "$who: two members of one name are two" equal "(2, 48)" "$(json "(n['state','data'], b['state','data'])" "lib$who.a")"
    check "$who: an archive has what its members have" equal "$(($(loaded "one-$who.o") + $(loaded "two-$who.o") + 200))" \
        "$(json "d['files'][0]['section_bytes']" "lib$who.a")"
    ar qcsT "thin$who.a" "one-$who.o" "two-$who.o" 2>/dev/null
    check "$who: so has a thin one" equal "$(json "d['total']['bytes']" "lib$who.a")" "$(json "d['total']['bytes']" "thin$who.a")"
done

cat >heavy.hpp <<'END'
template <int N> struct heavy { static int sum(const int *at) { int s = 0; for (int i = 0; i < N; i++) s += at[i] * N; return s; } };
END
for i in 1 2 3; do
    printf '#include "heavy.hpp"\nint user_%s(const int *at) { return heavy<9>::sum(at); }\n' "$i" >"user$i.cpp"
    g++ -O1 -fno-inline -c "user$i.cpp" -o "user$i.o"
done
one=$(json "[r['bytes'] for r in d['rows'] if 'heavy' in r['symbol']][0]" user1.o)
check "a template in three objects is linked once, the others are copies" equal "($one, $((2 * one)))" \
    "$(json "(sum(r['bytes'] for r in d['rows'] if 'heavy' in r['symbol']), sum(r['duplicate'] for r in d['rows'] if 'heavy' in r['symbol']))" user1.o user2.o user3.o)"
g++ -O1 -flto -fno-fat-lto-objects -c user1.cpp -o slim.o
check "code that is not there yet is refused with the reason" says 2 '*slim.o: holds no code yet*' size slim.o

# ---- linked

linked() { # name, linker...
    who=$1
    shift
    mkdir -p "my libs $who"
    ar rcs "my libs $who/lib one.a" "one-$who.o"
    "$@" -nostdlib -Wl,--gc-sections,-e,main,-Map="$who.map" -o "$who.elf" "main-$who.o" "my libs $who/lib one.a" "two-$who.o" || exit 2
    check "$who, linked: every loaded byte has one owner" equal "$(loaded "$who.elf")" "$(json "d['files'][0]['section_bytes']" "$who.elf" "$who.map")"
    check "$who, linked: and its rows are all of it" equal "$(loaded "$who.elf")" "$(json "sum(r['bytes'] for r in d['rows'])" "$who.elf" "$who.map")"
    check "$who, linked: variables keep their size, COMMON lies among them" equal "(32, 16, 100, 2)" \
        "$(json "(max(r['bytes'] for r in d['rows'] if r['symbol'] == 'state'), min(r['bytes'] for r in d['rows'] if r['symbol'] == 'state'), b['shared_block','zero'], n['state','data'])" "$who.elf" "$who.map")"
    check "$who, linked: nothing without an owner" equal 0 "$(json "d['total']['unknown']" "$who.elf" "$who.map")"
    check "$who, linked: a string of two objects is nobody's alone" equal 21 \
        "$(size --json --by archive,kind --filter 'kind=string and archive="(shared)"' "$who.elf" "$who.map" | /usr/bin/python3 -c 'import json,sys; print(sum(r["bytes"] for r in json.load(sys.stdin)["rows"]))')"
    check "$who, linked: what was dropped is said, by archive" equal True \
        "$(size --json --by archive --filter 'archive="lib one.a"' "$who.elf" "$who.map" | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["rows"][0]["dropped"] >= 180)')"
    check "$who, linked: thread-local zero data takes no room" equal "$(readelf -SW "$who.elf" | grep -c ' \.tbss ')" \
        "$(json "sum(k[1] == 'thread-zero' for k in b)" "$who.elf" "$who.map")"
    check "$who, linked: places, without the map" equal "two.c:2 two.c:4" "$(place shared_block "$who.elf") $(place change "$who.elf")"
    "$@" -nostdlib -Wl,-e,use -o "thread-$who.elf" "thread-$who.o" || exit 2
    check "$who, linked: of the thread-local, too" equal "thread.c:1 thread.c:2 thread.c:3" \
        "$(places "thread-$who.elf" slots other hidden)"
}
linked x86-64 gcc -static
linked i386 gcc -m32 -static
# shellcheck disable=SC2086
linked riscv32 riscv64-unknown-elf-gcc $rv
linked arm arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Wl,--defsym=__aeabi_read_tp=0
linked clang-x86-64 gcc -static
# shellcheck disable=SC2086
linked clang-riscv32 riscv64-unknown-elf-gcc $rv

# Xtensa keeps addresses and large numbers in literals beside the code, which linking takes together; it has no thread-local variables there.
grep -v _Thread_local one.c | sed 's/ + thread_[a-z]*\[0\]//g; s/return i \* 7/return i * 123456789/' >wide.c
for part in wide two main; do
    xtensa-lx106-elf-gcc -mlongcalls -g -O1 -ffreestanding -ffunction-sections -fdata-sections -c $part.c -o $part-xtensa.o || exit 2
done
rm -f libxtensa.a && ar rcs libxtensa.a wide-xtensa.o two-xtensa.o
xtensa-lx106-elf-gcc -nostdlib -Wl,--gc-sections,-e,main,-Map=xtensa.map -o xtensa.elf main-xtensa.o libxtensa.a || exit 2
check "xtensa: places of objects, whose debug information is relocated" equal "wide.c:2 two.c:2 two.c:4" "$(places libxtensa.a data_words shared_block change)"
check "xtensa: an archive has what its members have" equal "$(($(loaded wide-xtensa.o) + $(loaded two-xtensa.o)))" "$(json "d['files'][0]['section_bytes']" libxtensa.a)"
check "xtensa: literals are a kind" equal True "$(size --json --by kind libxtensa.a | /usr/bin/python3 -c 'import json,sys; print(any(r["kind"] == "literal" for r in json.load(sys.stdin)["rows"]))')"
check "xtensa, linked: every loaded byte has one owner, with the map and without" equal "$(loaded xtensa.elf) $(loaded xtensa.elf) $(loaded xtensa.elf)" \
    "$(json "d['files'][0]['section_bytes']" xtensa.elf xtensa.map) $(json "sum(r['bytes'] for r in d['rows'])" xtensa.elf xtensa.map) $(json "sum(r['bytes'] for r in d['rows'])" xtensa.elf)"
check "xtensa, linked: nothing without an owner" equal 0 "$(json "d['total']['unknown']" xtensa.elf xtensa.map)"
check "xtensa, linked: literals stand apart from the code" equal True "$(size --json --by kind xtensa.elf xtensa.map | /usr/bin/python3 -c 'import json,sys; print({r["kind"]: r["bytes"] for r in json.load(sys.stdin)["rows"]}.get("literal", 0) >= 12)')"
check "xtensa, linked: places" equal "wide.c:5 two.c:2 two.c:4" "$(places xtensa.elf counter shared_block change)"

check "small data of RISC-V is data and zero data" equal "(32, 4)" "$(json "(max(r['bytes'] for r in d['rows'] if r['symbol'] == 'state'), b['counter','zero'])" riscv32.elf)"
check "functions of Thumb begin at even addresses" equal 0 "$(size --json --by symbol arm.elf | /usr/bin/python3 -c '
import json, subprocess, sys
even = {w[-1]: int(w[1], 16) for w in (l.split() for l in subprocess.run(["arm-none-eabi-nm", "-S", "arm.elf"], capture_output=True, text=True).stdout.splitlines()) if len(w) == 4}
print(sum(r["bytes"] != even[r["symbol"]] for r in json.load(sys.stdin)["rows"] if r["symbol"] in even and r["symbol"] not in ("main", "state")))')"

# ---- debug information

cat >zero.c <<'END'
int dead_one(int x) { return x * 7 + 3; }
int dead_two(int x) { return x * 9 + dead_one(x); }
int start_fn(int x) { return x + 1; }
int main(void) { return start_fn(2); }
END
arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -g -O1 -fno-inline -ffunction-sections -nostdlib -Wl,--gc-sections,-Ttext=0,-e,main -o zero.elf zero.c
check "what was dropped does not lie at address 0" equal "zero.c:3" "$(place start_fn zero.elf)"
gcc -g -O1 -fno-inline -gsplit-dwarf -o split zero.c
clang -g -O1 -fno-inline -gsplit-dwarf -gdwarf-5 -o split-clang zero.c
check "split debug information has places" equal "zero.c:3 zero.c:4" "$(place start_fn split) $(place main split-clang)"
rm -f ./*.dwo
check "and without its other half there are sizes" sh -c "'$ramlens' size --by symbol --filter symbol=start_fn split | grep -q '^start_fn '"
gcc -g -O1 -fno-inline -o plain zero.c
for method in zlib zstd zlib-gnu; do
    objcopy --compress-debug-sections=$method plain "$method" && objcopy --compress-debug-sections=$method one-x86-64.o "$method.o"
    check "debug information compressed with $method has places" equal "zero.c:3 one.c:2" "$(place start_fn "$method") $(place data_words "$method.o")"
done
objcopy --only-keep-debug plain plain.debug && strip -o stripped plain && objcopy --add-gnu-debuglink=plain.debug stripped
check "a separate debug file is found, by the link beside it" equal "zero.c:3" "$(place start_fn stripped)"
check "its symbols are those of the whole program" equal "$(json "sorted(b.items())" plain)" "$(json "sorted(b.items())" stripped)"
mkdir .debug && mv plain.debug .debug
check "and in .debug" equal "zero.c:3" "$(place start_fn stripped)"
gcc -g -O2 -o other zero.c && objcopy --only-keep-debug other .debug/plain.debug
check "one of another build is not taken" equal "" "$(place start_fn stripped)"

# ---- memory decides

cat >flash.s <<'END'
.section .flash.rodata,"aw"
.globl look_up
.type look_up, %object
look_up: .zero 64
.size look_up, 64
.section .iram1.0,"ax"
.globl fast
.type fast, %function
.option norvc
fast: nop
nop
nop
nop
.size fast, 16
.section .info,""
.zero 48
END
# shellcheck disable=SC2086
riscv64-unknown-elf-gcc $rv -nostdlib -Wl,--section-start=.flash.rodata=0x40000020,--section-start=.iram1.0=0x4ff00000,-z,max-page-size=16,-e,0 -o flash.elf flash.s
check "a constant in flash is one, whatever its section's flags say" equal "(64, 16, 80)" \
    "$(json "(b['look_up','constant'], b['fast','code'], d['total']['bytes'])" --target esp32p4 flash.elf)"
check "what is not loaded takes nothing" equal 80 "$(json "d['files'][0]['section_bytes']" flash.elf)"
finish
