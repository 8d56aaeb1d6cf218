// SPDX-License-Identifier: GPL-2.0-or-later
//
// The status page: the files of control/page, compressed when the program is built.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/control/http_server.h"

namespace gatehouse::control {

struct PageFile {
    std::string_view path;
    std::string_view type;
    const unsigned char* data;  // gzip
    std::size_t size;
};

std::span<const PageFile> page_files();

// The answer, or nothing where the path is not of the page.
std::optional<Response> serve_page(const Request& request);

}  // namespace gatehouse::control
