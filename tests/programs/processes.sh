#!/bin/sh
# The started process is recorded, also across exec; the processes it makes are left alone, or get a file each.
. "${0%/*}/common.sh"

build processes

count() { # trace, size, further options of info
    trace=$1 wanted=$2
    shift 2
    "$ramlens" info --events "$@" "$trace" | awk -v size="$wanted" '$3 == "malloc" && $6 == size { n++ } END { print n + 0 }'
}

program_of() { # trace, image
    "$ramlens" info --json --image "$2" "$1" | sed -n 's/^ "program": ".*\/\(.*\)",$/\1/p'
}

files() {
    find "$tmp" -name 't.*' | wc -l
}

run() { # options of record, program, arguments; a run that hangs ends after a minute
    options=$1
    shift
    rm -f "$tmp"/t "$tmp"/t.*
    # shellcheck disable=SC2086 # options are words
    timeout 60 "$ramlens" record -q $options -o "$tmp/t" -- "$@" >"$tmp/out" 2>"$tmp/err"
}

for size in $sizes; do
    program=$bin/processes-$size

    run "" "$program" fork
    check "a forked child runs as without the recorder ($size)" same "0 done" "$? $(cat "$tmp/out" "$tmp/err")"
    check "nothing of a child is in its parent's trace ($size)" same "10 0 10" \
        "$(count "$tmp/t" 1000) $(count "$tmp/t" 2000) $(count "$tmp/t" 3000)"
    check "a fork disturbs nothing ($size)" whole "$tmp/t"
    check "a child makes no file unasked ($size)" equal "$(files)" 0

    run --children "$program" fork
    check "with --children a child has a file of its own ($size)" equal "$(files)" 1
    check "the child's events are there ($size)" same "0 2000 1" \
        "$(count "$tmp"/t.* 1000) $(count "$tmp"/t.* 2000) $(number "$tmp"/t.* foreign_frees)"
    check "and not in its parent's ($size)" same "10 0 10" \
        "$(count "$tmp/t" 1000) $(count "$tmp/t" 2000) $(count "$tmp/t" 3000)"

    for options in "" --children; do
        run "$options" "$program" storm 40
        check "forks amid allocating threads all end ($size${options:+, }$options)" same "0 done" \
            "$? $(cat "$tmp/out" "$tmp/err")"
        check "the trace of such a parent is whole ($size${options:+, }$options)" whole "$tmp/t"
    done
    check "each of 40 children has its file ($size)" equal "$(files)" 40
    check "each of 40 children's files has its 300 blocks ($size)" equal 40 \
        "$(for file in "$tmp"/t.*; do [ "$(count "$file" 2000)" = 300 ] && whole "$file" && echo yes; done | wc -l)"

    run "" "$program" spawn
    check "posix_spawn, vfork, system and popen work ($size)" same "0 from the shell done" \
        "$? $(one_line "$tmp/out" "$tmp/err")"
    check "what they start is not recorded ($size)" same "10 10" "$(count "$tmp/t" 1000) $(count "$tmp/t" 3000)"
    check "and disturbs nothing ($size)" whole "$tmp/t"
    run --children "$program" spawn
    check "with --children each program they start has its file ($size)" equal "$(files)" 4

    run --children "$program" demon "$tmp/demon-done"
    for _ in $(seq 200); do
        [ -e "$tmp/demon-done" ] && break
        sleep 0.05
    done
    check "a demon without descriptors is recorded on ($size)" equal 50000 \
        "$(for file in "$tmp"/t.*; do count "$file" 2000; done | sort -n | tail -n 1)"
    rm -f "$tmp/demon-done"

    run "" "$program" close
    check "a program that closes all descriptors finds them free ($size)" same "0 done" \
        "$? $(cat "$tmp/out" "$tmp/err")"
    check "and is recorded on ($size)" same "10 100000" "$(count "$tmp/t" 1000) $(count "$tmp/t" 2000)"
    check "such a trace is whole ($size)" whole "$tmp/t"
    "$program" descriptors >"$tmp/plain"
    run "" "$program" descriptors
    check "a program sees the descriptors it sees without the recorder ($size)" cmp "$tmp/plain" "$tmp/out"

    # Executing another program of either word size begins a new image in the same file.
    for other in $sizes; do
        run "" "$program" exec env A=1 "$bin/processes-$other" fork
        check "an exec chain from $size over env to $other works, nothing on standard error" same "0 done" \
            "$? $(cat "$tmp/out" "$tmp/err")"
        check "each program of it is an image ($size, $other)" same "3 processes-$size env processes-$other" \
            "$(number "$tmp/t" images) $(program_of "$tmp/t" 1) $(program_of "$tmp/t" 2) $(program_of "$tmp/t" 3)"
        check "the images have their events ($size, $other)" same "10 0 10 10" \
            "$(count "$tmp/t" 3000 --image 1) $(count "$tmp/t" 1000 --image 1) $(count "$tmp/t" 3000) $(count "$tmp/t" 1000 --image 3)"
        check "the whole file is in order ($size, $other)" whole "$tmp/t"
    done
done

printf '#!/bin/sh\nexec "%s" fork\n' "$bin/processes-i386" >"$tmp/script"
chmod +x "$tmp/script"
run "" "$tmp/script"
check "a script's interpreter is recorded, then what it executes" same "0 done 2 processes-i386" \
    "$? $(cat "$tmp/out" "$tmp/err") $(number "$tmp/t" images) $(program_of "$tmp/t" 2)"

# shellcheck disable=SC2016 # for the inner shell
run "" sh -c 'true; env -i "$0" fork' "$bin/processes-x86_64"
check "a child that drops the environment runs unrecorded" same "0 done" "$? $(cat "$tmp/out" "$tmp/err")"

finish
