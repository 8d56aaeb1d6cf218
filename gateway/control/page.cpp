// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/page.h"

#include "gateway/control/web.h"

namespace gatehouse::control {

std::optional<Response> serve_page(const Request& request) {
    for (const PageFile& file : page_files()) {
        if (file.path != request.path) continue;
        const std::string* takes = find_value(request.headers, "Accept-Encoding");
        if (takes == nullptr || takes->find("gzip") == std::string::npos) {
            return failure(406, "the page is only there compressed", "try curl --compressed");
        }
        Response out;
        out.content_type = file.type;
        out.body.assign(reinterpret_cast<const char*>(file.data), file.size);
        out.headers.emplace_back("Content-Encoding", "gzip");
        out.headers.emplace_back("Vary", "Accept-Encoding");
        return out;
    }
    return std::nullopt;
}

}  // namespace gatehouse::control
