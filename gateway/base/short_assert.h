// SPDX-License-Identifier: GPL-2.0-or-later
//
// Included before everything else where GATEHOUSE_SMALL is set: the checks of the standard library
// (_GLIBCXX_ASSERTIONS) stay, but end the program without a text. Their texts and the code that
// hands them over are a tenth of it. The macros are those of GCC 13 and later, and of GCC 12.
#pragma once

#include <cstddef>

#if defined(_GLIBCXX_ASSERT_FAIL)
#undef _GLIBCXX_ASSERT_FAIL
#define _GLIBCXX_ASSERT_FAIL(condition) __builtin_trap()
#elif defined(__glibcxx_assert_impl)
#undef __glibcxx_assert_impl
#define __glibcxx_assert_impl(condition)             \
    if (__builtin_expect(!bool(condition), false)) { \
        __glibcxx_constexpr_assert(false);           \
        __builtin_trap();                            \
    }
#endif
