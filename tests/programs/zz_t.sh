. ./tests/programs/common.sh
build processes
cd /tmp/ct; rm -f pr.rlt*
for size in $sizes; do 
p=$bin/processes-$size
for m in fork "storm 30" spawn "demon $tmp/d" close descriptors "exec $bin/processes-x86_64 fork" "exec sh -c true" "exec env A=1 $bin/processes-i386 fork"; do
echo "== $size $m"; rm -f pr.rlt*
timeout 20 $ramlens record -q -f -o pr.rlt -- $p $m; echo $?; $ramlens info pr.rlt | grep -E '^(trace|program|events|lost|unm|live|threads)'
done
for m in fork "storm 30" spawn "demon $tmp/d"; do
echo "== $size $m children"; rm -f pr.rlt*
timeout 20 $ramlens record --children -q -f -o pr.rlt -- $p $m; echo $?; sleep 0.2; ls pr.rlt* | wc -l; for f in $(ls pr.rlt* | head -4); do $ramlens info $f | grep -E '^(trace|program|events|lost|unm|live|threads)'; done
done
done
