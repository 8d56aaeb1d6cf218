// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/paging.h"

#include "gateway/base/text.h"

namespace gatehouse::control {

Result<Page> parse_page(const Headers& query) {
    Page out;
    const auto read = [&query](std::string_view name, std::size_t& into) {
        const std::string* text = find_value(query, name);
        if (text == nullptr) return true;
        const auto number = parse_number<std::size_t>(*text);
        if (number) into = *number;
        return number.has_value();
    };
    for (const auto& [name, into] :
         {std::pair("offset", &out.offset), std::pair("limit", &out.limit)}) {
        if (!read(name, *into)) return fail(concat(name, " is not a number"));
    }
    return out;
}

Response answer_with(std::shared_ptr<Stream> stream, bool at_once) {
    Response out;
    if (!at_once) {
        out.stream = std::move(stream);
        return out;
    }
    while (stream->next(out.body) != Stream::Next::end) {
    }
    return out;
}

}  // namespace gatehouse::control
