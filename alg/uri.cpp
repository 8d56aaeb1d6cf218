// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/uri.h"

#include "alg/message.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kDigits = "0123456789";

std::string_view skip_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    return first == std::string_view::npos ? text.substr(text.size()) : text.substr(first);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
    return text.size() >= start.size() && equal_ignoring_case(text.substr(0, start.size()), start);
}

// The pieces between two places of one text.
std::string_view between(std::string_view first, std::string_view last) {
    return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

// A host at the beginning of the text; empty where there is none.
std::string_view take_host(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        return end == std::string_view::npos ? text.substr(0, 0) : text.substr(0, end + 1);
    }
    return text.substr(0, text.find_first_of(":;?,> \t\r\n\"<"));
}

// Leaves in text what follows. With blanks allowed around the colon, as in a Via.
std::optional<HostPort> take_host_port(std::string_view& text, bool blanks) {
    HostPort out;
    out.host = take_host(text);
    if (out.host.empty()) return std::nullopt;
    out.both = out.host;
    text.remove_prefix(out.host.size());
    const std::string_view behind = blanks ? skip_blanks(text) : text;
    if (!behind.starts_with(':')) return out;
    text = behind.substr(1);
    if (blanks) text = skip_blanks(text);
    out.port = text.substr(0, text.find_first_not_of(kDigits));
    if (out.port.empty()) return std::nullopt;
    text.remove_prefix(out.port.size());
    out.both = between(out.host, out.port);
    return out;
}

// Walks over a text and knows whether it is within quotes or angle brackets.
class Nesting {
  public:
    // Whether this character stands outside of both.
    bool outside(char c) {
        if (escaped_) {
            escaped_ = false;
            return false;
        }
        if (quoted_) {
            if (c == '\\') escaped_ = true;
            if (c == '"') quoted_ = false;
            return false;
        }
        if (c == '"' && !angle_) quoted_ = true;
        if (c == '<') angle_ = true;
        if (c == '>') {
            angle_ = false;
            return false;
        }
        return !quoted_ && !angle_;
    }
    bool open() const { return quoted_ || angle_; }

  private:
    bool quoted_ = false;
    bool angle_ = false;
    bool escaped_ = false;
};

}  // namespace

std::optional<Uri> parse_uri(std::string_view text) {
    Uri out;
    if (starts_with_ignoring_case(text, "sips:")) {
        out.secure = true;
    } else if (!starts_with_ignoring_case(text, "sip:")) {
        return std::nullopt;
    }
    std::string_view rest = text.substr(out.secure ? 5 : 4);
    // A user never has an '@' of its own; headers behind the host sometimes have, against the
    // rules.
    const std::size_t at = rest.find('@');
    if (at != std::string_view::npos) {
        out.user = rest.substr(0, at);
        rest.remove_prefix(at + 1);
    }
    const auto host_port = take_host_port(rest, false);
    if (!host_port) return std::nullopt;
    if (!rest.empty() && rest.front() != ';' && rest.front() != '?') return std::nullopt;
    out.at = *host_port;
    out.rest = rest;
    return out;
}

std::optional<NameAddress> parse_name_address(std::string_view text) {
    // The bracket that opens outside of quotes.
    Nesting nesting;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool was_open = nesting.open();
        (void)nesting.outside(text[i]);
        if (text[i] != '<' || was_open) continue;
        const std::size_t end = text.find('>', i);
        if (end == std::string_view::npos) return std::nullopt;
        return NameAddress{trim(text.substr(i + 1, end - i - 1)),
                           skip_blanks(text.substr(end + 1))};
    }
    const std::size_t end = text.find_first_of("; \t\r\n");
    const std::string_view uri = text.substr(0, end);
    if (uri.empty()) return std::nullopt;
    return NameAddress{uri, skip_blanks(text.substr(uri.size()))};
}

std::optional<Via> parse_via(std::string_view text) {
    std::string_view rest = skip_blanks(text);
    const auto take = [&rest](std::string_view word) {
        if (!starts_with_ignoring_case(rest, word)) return false;
        rest = skip_blanks(rest.substr(word.size()));
        return true;
    };
    if (!take("SIP") || !take("/") || !take("2.0") || !take("/")) return std::nullopt;
    Via out;
    out.transport = rest.substr(0, rest.find_first_of(kBlanks));
    if (!is_token(out.transport)) return std::nullopt;
    rest = skip_blanks(rest.substr(out.transport.size()));
    const auto host_port = take_host_port(rest, true);
    if (!host_port) return std::nullopt;
    out.at = *host_port;
    rest = skip_blanks(rest);
    if (!rest.empty() && rest.front() != ';') return std::nullopt;
    out.params = rest;
    return out;
}

std::optional<std::vector<std::string_view>> split_list(std::string_view value) {
    std::vector<std::string_view> out;
    Nesting nesting;
    std::size_t first = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (!nesting.outside(value[i]) || value[i] != ',') continue;
        out.push_back(trim(value.substr(first, i - first)));
        first = i + 1;
        if (out.size() == kMostListed) return std::nullopt;
    }
    if (nesting.open()) return std::nullopt;
    out.push_back(trim(value.substr(first)));
    return out;
}

std::optional<std::string_view> find_param(std::string_view params, std::string_view name) {
    Nesting nesting;
    std::size_t first = 0;
    for (std::size_t i = 0; i <= params.size(); ++i) {
        if (i < params.size() && (!nesting.outside(params[i]) || params[i] != ';')) continue;
        const std::string_view one = params.substr(first, i - first);
        first = i + 1;
        const std::size_t equals = one.find('=');
        if (!equal_ignoring_case(trim(one.substr(0, equals)), name)) continue;
        return equals == std::string_view::npos ? one.substr(one.size())
                                                : trim(one.substr(equals + 1));
    }
    return std::nullopt;
}

}  // namespace gatehouse::sip
