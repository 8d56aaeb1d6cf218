// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/result.h"

#include <cerrno>
#include <cstring>

namespace gatehouse {

std::string error_text(int number) {
    return std::strerror(number);
}

Failure<Error> fail_with_errno(std::string_view attempt) {
    const int number = errno;
    return fail(std::string(attempt) + ": " + error_text(number));
}

}  // namespace gatehouse
