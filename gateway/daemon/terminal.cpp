// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/terminal.h"

#include "gateway/base/text.h"

namespace gatehouse::daemon {

void print(std::FILE* file, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), file);
}

int complain(std::string_view text, int code) {
    print(stderr, concat("gatehouse: ", text, "\n"));
    return code;
}

}  // namespace gatehouse::daemon
