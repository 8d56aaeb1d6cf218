// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/json.h"

#include <cassert>

#include "gateway/base/bytes.h"

namespace gatehouse {

namespace {

// The short escape of a character, nothing where it has none.
std::string_view short_escape(char c) {
    switch (c) {
        case '"': return "\\\"";
        case '\\': return "\\\\";
        case '\b': return "\\b";
        case '\f': return "\\f";
        case '\n': return "\\n";
        case '\r': return "\\r";
        case '\t': return "\\t";
        default: return {};
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto lead = static_cast<std::uint8_t>(text[0]);
        if (const std::string_view escape = short_escape(text[0]); !escape.empty()) {
            out += escape;
        } else if (lead < 0x20 || lead == 0x7f) {
            append(out, "\\u00", to_hex({&lead, 1}));
        } else {
            out += length > 0 ? text.substr(0, length) : kReplacement;
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out.push_back('"');
}

void JsonWriter::before_value() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (open_.empty()) {
        assert(!wrote_ && "one value has been written");
        return;
    }
    assert(open_.back() == '[' && "a value in an object needs a key");
    if (wrote_) out_.push_back(',');
}

void JsonWriter::key(std::string_view name) {
    assert(!open_.empty() && open_.back() == '{' && !after_key_ && "no place for a key");
    if (wrote_) out_.push_back(',');
    append_json_string(out_, name);
    out_.push_back(':');
    after_key_ = true;
}

void JsonWriter::begin(char bracket) {
    before_value();
    assert(open_.size() < kDeepest && "nested too deep");
    out_.push_back(bracket);
    open_.push_back(bracket);
    wrote_ = false;
}

void JsonWriter::end([[maybe_unused]] char bracket, char closing) {
    assert(!open_.empty() && open_.back() == bracket && !after_key_ && "nothing to end here");
    out_.push_back(closing);
    open_.pop_back();
    wrote_ = true;
}

void JsonWriter::number(std::int64_t content) {
    before_value();
    append_number(out_, content);
    wrote_ = true;
}

void JsonWriter::number(std::uint64_t content) {
    before_value();
    append_number(out_, content);
    wrote_ = true;
}

void JsonWriter::literal(std::string_view text) {
    before_value();
    out_ += text;
    wrote_ = true;
}

void JsonWriter::string(std::string_view text) {
    before_value();
    append_json_string(out_, text);
    wrote_ = true;
}

}  // namespace gatehouse
