# Compares an excerpt with an output by shape: awk -f tests/cli/shape.awk EXPECTED ACTUAL. Says nothing and exits 0 when they agree.
#
# Of a line of the excerpt, a number (with a sign, commas, a point) stands for any number, spaces for any spaces, three or more
# dashes for any dashes, 0x and hexadecimal digits for any address, the name of a site for any, and an ellipsis (the one character) for any text. A line of
# nothing but an ellipsis stands for any lines. All other lines follow each other as they do in the output, from its first line
# to its last; spaces at both ends of a line and empty lines do not count. Run it with LC_ALL=C: it goes by bytes.

function quoted(c) {
    if (c == "\\") return "\\\\"
    if (c == "^") return "\\^"
    return index("$.[]|()*+?{}/", c) ? "\\" c : c
}

# A regular expression for one line.
function shape(line,    out, starts) {
    out = "^"
    starts = 1 # at the beginning of a word
    for (; line != ""; starts = out ~ / [+]$/) {
        # A name of a site: six hexadecimal digits or more, a decimal one among them.
        if (starts && match(line, /^[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+( |$)/) && substr(line, 1, RLENGTH) ~ /[0-9]/) {
            match(line, /^[0-9a-f]+/)
            out = out "[0-9a-f]+"
            line = substr(line, RLENGTH + 1)
            continue
        }
        if (substr(line, 1, 3) == "\342\200\246") { out = out ".*"; line = substr(line, 4); continue }
        if (match(line, /^ +/)) { out = out " +"; line = substr(line, RLENGTH + 1); continue }
        if (match(line, /^---+/)) { out = out "---+"; line = substr(line, RLENGTH + 1); continue }
        if (match(line, /^0x[0-9a-f]+/)) { out = out "0x[0-9a-f]+"; line = substr(line, RLENGTH + 1); continue }
        if (match(line, /^[-+]?[0-9]+([,.][0-9]+)*/)) {
            out = out "[-+]?[0-9]+([,.][0-9]+)*"
            line = substr(line, RLENGTH + 1)
            continue
        }
        out = out quoted(substr(line, 1, 1))
        line = substr(line, 2)
    }
    return out "$"
}

{ gsub(/^[ \t]+|[ \t]+$/, "") }
$0 == "" { next }
FNR == NR { expected[++wanted] = $0; next }
{ actual[++got] = $0 }

END {
    # floor: where the next line of the excerpt must stand; loose: it may stand anywhere behind.
    floor = 1
    loose = 0
    for (i = 1; i <= wanted; i++) {
        if (expected[i] ~ /^ *\342\200\246 *$/) { loose = 1; continue }
        pattern = shape(expected[i])
        for (at = floor; at <= got && actual[at] !~ pattern; at++)
            if (!loose) break
        if (at > got || actual[at] !~ pattern) {
            print "not there: " expected[i]
            print "found " (loose ? "behind" : "instead") ": " (floor <= got ? actual[floor] : "(the end)")
            exit 1
        }
        floor = at + 1
        loose = 0
    }
    if (!loose && floor <= got) {
        print "more than expected: " actual[floor]
        exit 1
    }
}
