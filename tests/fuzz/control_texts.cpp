// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the command line reads of whoever answers on the socket, and the query that anybody in the
// house may send to the API. JSON that is read, written and read again is the same; a page lies
// within its rows.
#include "gateway/base/json.h"
#include "gateway/control/client.h"
#include "gateway/control/json_value.h"
#include "gateway/control/paging.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::control;

namespace {

// NOLINTNEXTLINE(misc-no-recursion): as deep as the reader goes
void write(JsonWriter& json, const JsonValue& value) {
    switch (value.kind) {
        case JsonValue::Kind::null: return json.null();
        case JsonValue::Kind::boolean: return json.value(value.boolean);
        case JsonValue::Kind::number: return json.value(value.number);
        case JsonValue::Kind::string: return json.value(value.string);
        case JsonValue::Kind::array:
            json.begin_array();
            for (const JsonValue& item : value.items)
                write(json, item);
            return json.end_array();
        case JsonValue::Kind::object:
            json.begin_object();
            for (const JsonMember& member : value.members) {
                json.key(member.name);
                write(json, member.value);
            }
            return json.end_object();
    }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the reader goes
std::size_t depth_of(const JsonValue& value) {
    std::size_t out = 0;
    for (const JsonValue& item : value.items)
        out = std::max(out, depth_of(item));
    for (const JsonMember& member : value.members)
        out = std::max(out, depth_of(member.value));
    const bool holds =
        value.kind == JsonValue::Kind::array || value.kind == JsonValue::Kind::object;
    return out + (holds ? 1 : 0);
}

std::string written(const JsonValue& value) {
    std::string out;
    JsonWriter json(out);
    write(json, value);
    require(json.complete());
    return out;
}

void read_value(std::string_view text) {
    const auto value = parse_json(text);
    if (!value) return;
    (void)value->to_text();
    // The reader goes one level deeper than the writer.
    require(depth_of(*value) <= JsonWriter::kDeepest + 1, "deeper than promised");
    if (depth_of(*value) > JsonWriter::kDeepest) return;
    const std::string once = written(*value);
    const auto again = parse_json(once);
    require(again.ok(), "what was written cannot be read");
    require(written(*again) == once, "it is another value");
}

void read_page(std::string_view text) {
    Headers query;
    for (const std::string_view pair : split(text, '&')) {
        const std::size_t equals = std::min(pair.find('='), pair.size());
        query.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
    }
    const auto page = parse_page(query);
    if (!page) return;
    for (const std::size_t rows : {std::size_t{0}, std::size_t{1}, std::size_t{1000}}) {
        const auto [first, last] = page->of(rows);
        require(first <= last && last <= rows, "a page beyond its rows");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto answer = parse_answer(text);
    if (answer) {
        require(answer->body.size() <= size, "an answer out of nothing");
        read_value(answer->body);
    }
    read_value(text);
    read_page(text);
    return 0;
}
