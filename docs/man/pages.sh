#!/bin/sh
# Writes the man pages: ramlens-COMMAND.1 from each command's tables, ramlens.1 from the page beside this script with
# the overview's list of commands put in.
# usage: docs/man/pages.sh RAMLENS FOLDER
set -eu
here=$(dirname "$0")
ramlens=$1
folder=$2
mkdir -p "$folder"

# "record: run a program ..." for each command, in the overview's order: lines of two spaces, a name, two spaces or more.
commands() {
    "$ramlens" --help | sed -n 's/^  \([a-z][a-z-]*\)   *\([a-z].*\)$/\1:\2/p'
}

version=$("$ramlens" --version)
: >"$folder/commands.tmp"
commands | while IFS=: read -r name summary; do
    "$ramlens" help --man "$name" >"$folder/ramlens-$name.1"
    printf '.TP\n.BR ramlens\\-%s (1)\n%s\n' "$name" "$summary" >>"$folder/commands.tmp"
done
sed -e "s/@VERSION@/$version/" -e "/^@COMMANDS@$/{
r $folder/commands.tmp
d
}" "$here/ramlens.1" >"$folder/ramlens.1"
rm "$folder/commands.tmp"
