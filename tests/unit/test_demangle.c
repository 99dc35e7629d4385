/// Names for people, and endings that compilers add.
#include "demangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_form(
        struct str (*form)(struct arena *, struct str), const char *linkage, const char *expected) {
    struct arena a = { 0 };
    struct str got = form(&a, str_from(linkage));
    assert_string_equal(got.at, expected);
    assert_int_equal(got.len, strlen(expected));
    arena_clear(&a);
}

static void function(const char *linkage, const char *expected) {
    assert_form(demangle_function, linkage, expected);
}

static void functions_lose_parameters_and_return_types(void **state) {
    (void)state;
    function("_ZN3rtc7Channel4sendEi", "rtc::Channel::send(...)");
    function("_ZN3rtc7Channel4sendEv", "rtc::Channel::send()");
    function("_ZNK3rtc7Channel6isOpenEv", "rtc::Channel::isOpen() const");
    function("_ZN3rtc4impl12IceTransportC2ERKNS_13ConfigurationESt8functionIFvvEE",
            "rtc::impl::IceTransport::IceTransport(...)");
    function("_Z5twiceIiET_S0_", "twice<int>(...)");
    function("_ZN3rtclsERSoNS_11Description4RoleE", "rtc::operator<<(...)");
    function("_ZN1acvbEv", "a::operator bool()");
    function("main", "main");
    function("juice_create", "juice_create");
}

static void nested_functions_lose_theirs_too(void **state) {
    (void)state;
    function("_ZZN3zoo4openEiENKUlPKcE_clES1_",
            "zoo::open(...)::{lambda(...)#1}::operator()(...) const");
    function("_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()() const");
    function("_ZZ5twiceIiET_S0_E5local", "twice<int>(...)::local");
}

static void abi_tags_and_clone_suffixes_are_noise(void **state) {
    (void)state;
    function("_ZN7Session5offerB5cxx11Ev", "Session::offer()");
    function("_Z5partsi.cold", "parts(...)");
    function("_Z5partsi.part.0.cold", "parts(...)");
    function("_Z5partsi.constprop.0.isra.0", "parts(...)");
    function("parts.cold", "parts");
    function("parts.lto_priv.0", "parts");
    function("a.b", "a.b");
}

static void thunks_bear_the_name_of_their_function(void **state) {
    (void)state;
    function("_ZThn12_NK3rtc5Track8isClosedEv", "rtc::Track::isClosed() const");
    function("_ZTv0_n24_N1a1fEv", "a::f()");
    function("_ZTWN1a1tE", "a::t");
}

static void rust_names_lose_their_hash(void **state) {
    (void)state;
    function("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad");
    function("_RNvC6_123foo3bar", "123foo::bar");
}

static void variables_keep_what_was_made_for_them(void **state) {
    (void)state;
    assert_form(demangle_variable, "_ZTVN3rtc7ChannelE", "vtable for rtc::Channel");
    assert_form(demangle_variable, "_ZGVZ4makeiE5mutex", "guard variable for make(...)::mutex");
    assert_form(demangle_variable, "counter.0", "counter.0");
    assert_form(demangle_variable, "stderr@GLIBC_2.0", "stderr");
    assert_form(demangle_subject, "_ZTVN3rtc7ChannelE", "rtc::Channel");
    assert_form(demangle_subject, "_ZTSN3rtc7ChannelE", "rtc::Channel");
    assert_form(demangle_subject, "_ZGVZ4makeiE5mutex", "make(...)::mutex");
    assert_form(demangle_subject, "_ZN3rtc1xE", "rtc::x");
}

static void what_is_no_mangled_name_stays(void **state) {
    (void)state;
    function("", "");
    function("_Z", "_Z");
    function("_Zfoo", "_Zfoo");
    function("_R", "_R");
    function(".cold", ".cold");
    function("@", "@");
}

static void base_names_lose_version_and_clones_only(void **state) {
    (void)state;
    static const char *const names[][2] = { { "malloc@@GLIBC_2.2.5", "malloc" }, { "f.cold", "f" },
        { "f.llvm.123", "f" }, { "f.0", "f.0" }, { "x.y.cold.1", "x.y" } };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str got = demangle_base(str_from(names[i][0]));
        assert_true(str_equal(got, str_from(names[i][1])));
    }
}

/// f<pair<int, int>, pair<P1, P1>, pair<P2, P2> ...>(): each argument is twice as long as the one before, so
/// that 30 of them would be gigabytes.
static void bombs_are_refused_quickly(void **state) {
    (void)state;
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char name[1024] = "_Z1fISt4pairIiiE";
    struct arena a = { 0 };
    for (int levels = 1; levels <= 30; levels++) {
        size_t end = strlen(name);
        (void)snprintf(
                name + end, sizeof(name) - end, "S0_IS%c_S%c_E", digits[levels], digits[levels]);
        char whole[sizeof(name) + 4];
        (void)snprintf(whole, sizeof(whole), "%sEvv", name);
        struct str got = demangle_function(&a, str_from(whole));
        bool is_short = levels <= 9; // 33,641 bytes; with one level more 67,421.
        assert_int_equal(str_starts_with(got, STR("f<std::pair<int, int>")), is_short);
        assert_int_equal(str_equal(got, str_from(whole)), !is_short);
    }
    char nested[8192] = "_Z1fI";
    memset(nested + 5, 'P', 8000);
    strcpy(nested + 8005, "iEvv");
    assert_true(demangle_function(&a, str_from(nested)).len < 65536);
    arena_clear(&a);
}

static void every_damaged_name_gives_some_name(void **state) {
    (void)state;
    static const char whole[] =
            "_ZZN3zoo6keeper4openERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE"
            "EENKUlPKcE_clES9_.cold";
    struct arena a = { 0 };
    char name[sizeof(whole)];
    for (size_t i = 0; i < sizeof(whole) - 1; i++) {
        for (int c = 1; c < 256; c++) {
            memcpy(name, whole, sizeof(whole));
            name[i] = (char)c;
            assert_true(demangle_function(&a, str_from(name)).len > 0);
        }
        assert_int_equal(demangle_function(&a, (struct str){ whole, i }).len == 0, i == 0);
        arena_clear(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_lose_parameters_and_return_types),
        cmocka_unit_test(nested_functions_lose_theirs_too),
        cmocka_unit_test(abi_tags_and_clone_suffixes_are_noise),
        cmocka_unit_test(thunks_bear_the_name_of_their_function),
        cmocka_unit_test(rust_names_lose_their_hash),
        cmocka_unit_test(variables_keep_what_was_made_for_them),
        cmocka_unit_test(what_is_no_mangled_name_stays),
        cmocka_unit_test(base_names_lose_version_and_clones_only),
        cmocka_unit_test(bombs_are_refused_quickly),
        cmocka_unit_test(every_damaged_name_gives_some_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
