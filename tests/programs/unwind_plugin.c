/// A module to load, unload and replace. Built twice, with -DPLUGIN_BYTES=2000 and =4000: the same
/// instructions at the same offsets, in frames of different size.
typedef void callback(void);

int plugin_call(callback *back, unsigned depth);

__attribute__((noinline)) int plugin_call(callback *back, unsigned depth) {
    volatile char block[PLUGIN_BYTES];
    block[depth] = (char)depth;
    if (depth > 0)
        plugin_call(back, depth - 1);
    else
        back();
    return block[depth];
}
