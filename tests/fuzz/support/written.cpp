// SPDX-License-Identifier: GPL-2.0-or-later
//
// For the memory sanitizer alone: functions of the C++ library that its shared object has, compiled
// here with instrumentation. Of what those there write the sanitizer would hear nothing.
#include <cstdio>
#include <string>

template class std::basic_string<char>;

namespace {

template <class Number>
std::string text_of(const char* format, Number number) {
    char text[32];
    const int size = std::snprintf(text, sizeof text, format, number);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace

_LIBCPP_BEGIN_NAMESPACE_STD

string to_string(int number) {
    return text_of("%d", number);
}
string to_string(long number) {
    return text_of("%ld", number);
}
string to_string(long long number) {
    return text_of("%lld", number);
}
string to_string(unsigned number) {
    return text_of("%u", number);
}
string to_string(unsigned long number) {
    return text_of("%lu", number);
}
string to_string(unsigned long long number) {
    return text_of("%llu", number);
}

_LIBCPP_END_NAMESPACE_STD
