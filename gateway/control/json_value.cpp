// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/json_value.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "gateway/base/text.h"

namespace gatehouse::control {

namespace {

constexpr int kDeepest = 32;

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6U));
        put(0x80 | (code & 0x3fU));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12U));
        put(0x80 | ((code >> 6U) & 0x3fU));
        put(0x80 | (code & 0x3fU));
    } else {
        put(0xf0 | (code >> 18U));
        put(0x80 | ((code >> 12U) & 0x3fU));
        put(0x80 | ((code >> 6U) & 0x3fU));
        put(0x80 | (code & 0x3fU));
    }
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<JsonValue> whole() {
        JsonValue out = value(0);
        blanks();
        if (!error_ && at_ != text_.size()) error_ = "more text after the value";
        if (error_) return fail(concat("not JSON at byte ", at_, ": ", *error_));
        return out;
    }

  private:
    void blanks() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != kNpos)
            ++at_;
    }

    bool accept(char c) {
        blanks();
        if (error_ || at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    void expect(char c) {
        if (!accept(c)) wrong(concat("'", c, "' is missing"));
    }

    void wrong(std::string what) {
        if (!error_) error_ = std::move(what);
    }

    // NOLINTNEXTLINE(misc-no-recursion): bounded by kDeepest
    JsonValue value(int depth) {
        JsonValue out;
        blanks();
        if (depth > kDeepest) wrong("too deep");
        if (at_ >= text_.size()) wrong("the text ends early");
        if (error_) return out;
        switch (text_[at_]) {
            case '{': object(out, depth); break;
            case '[': array(out, depth); break;
            case '"':
                out.kind = JsonValue::Kind::string;
                out.string = string();
                break;
            default: word_or_number(out);
        }
        return out;
    }

    // NOLINTNEXTLINE(misc-no-recursion): bounded by kDeepest
    void object(JsonValue& out, int depth) {
        out.kind = JsonValue::Kind::object;
        expect('{');
        if (accept('}')) return;
        do {
            blanks();
            std::string name = string();
            expect(':');
            out.members.push_back({std::move(name), value(depth + 1)});
        } while (accept(','));
        expect('}');
    }

    // NOLINTNEXTLINE(misc-no-recursion): bounded by kDeepest
    void array(JsonValue& out, int depth) {
        out.kind = JsonValue::Kind::array;
        expect('[');
        if (accept(']')) return;
        do {
            out.items.push_back(value(depth + 1));
        } while (accept(','));
        expect(']');
    }

    void word_or_number(JsonValue& out) {
        static constexpr std::string_view kEnd = " \t\r\n,]}";
        const std::size_t end = std::min(text_.find_first_of(kEnd, at_), text_.size());
        const std::string_view word = text_.substr(at_, end - at_);
        if (word == "true" || word == "false") {
            out.kind = JsonValue::Kind::boolean;
            out.boolean = word == "true";
        } else if (const auto number = parse_number<std::int64_t>(word)) {
            out.kind = JsonValue::Kind::number;
            out.number = *number;
        } else if (word != "null") {
            return wrong(concat("'", printable(word.substr(0, 40)), "' is no value"));
        }
        at_ = end;
    }

    std::string string() {
        std::string out;
        if (at_ >= text_.size() || text_[at_] != '"') {
            wrong("a string is missing");
            return out;
        }
        ++at_;
        while (!error_) {
            if (at_ >= text_.size()) {
                wrong("a string does not end");
                break;
            }
            const char c = text_[at_++];
            if (c == '"') return out;
            if (c == '\\') {
                escape(out);
            } else {
                out.push_back(c);
            }
        }
        return out;
    }

    void escape(std::string& out) {
        static constexpr std::string_view kNames = "\"\\/bfnrt";
        static constexpr std::string_view kMeans = "\"\\/\b\f\n\r\t";
        const char c = at_ < text_.size() ? text_[at_++] : '\0';
        const std::size_t known = kNames.find(c);
        if (c == 'u') {
            append_utf8(out, unicode());
        } else if (known != kNpos) {
            out.push_back(kMeans[known]);
        } else {
            wrong("an unknown escape");
        }
    }

    std::uint32_t four_digits() {
        const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
        std::uint32_t code = 0;
        const char* end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, code, 16);
        if (digits.size() != 4 || error != std::errc{} || stop != end) wrong("a bad \\u escape");
        at_ = std::min(at_ + 4, text_.size());
        return code;
    }

    std::uint32_t unicode() {
        const std::uint32_t high = four_digits();
        if (high < 0xd800 || high > 0xdfff) return high;
        const bool pair = high <= 0xdbff && text_.substr(at_, 2) == "\\u";
        if (pair) at_ += 2;
        const std::uint32_t low = pair ? four_digits() : 0;
        if (low < 0xdc00 || low > 0xdfff) return 0xfffd;
        return 0x10000 + ((high - 0xd800) << 10U) + (low - 0xdc00);
    }

    static constexpr std::size_t kNpos = std::string_view::npos;
    std::string_view text_;
    std::size_t at_ = 0;
    std::optional<std::string> error_;
};

}  // namespace

const JsonValue& JsonValue::operator[](std::string_view name) const {
    static const JsonValue kNull;
    const auto found = std::find_if(members.begin(), members.end(),
                                    [name](const JsonMember& m) { return m.name == name; });
    return found == members.end() ? kNull : found->value;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by kDeepest, as values come out of parse_json
std::string JsonValue::to_text() const {
    std::string out;
    switch (kind) {
        case Kind::null: return "-";
        case Kind::boolean: return boolean ? "yes" : "no";
        case Kind::number: return std::to_string(number);
        case Kind::string: return printable(string);
        case Kind::array:
            for (const JsonValue& item : items)
                append(out, out.empty() ? "" : " ", item.to_text());
            return out;
        case Kind::object:
            for (const auto& [name, member] : members) {
                append(out, out.empty() ? "" : " ", name, "=", member.to_text());
            }
            return out;
    }
    return out;
}

Result<JsonValue> parse_json(std::string_view text) {
    return Parser(text).whole();
}

}  // namespace gatehouse::control
