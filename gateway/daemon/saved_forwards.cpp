// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/saved_forwards.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "gateway/base/text.h"
#include "gateway/daemon/boot_stamp.h"
#include "gateway/daemon/forward_body.h"

namespace gatehouse::daemon {

namespace {

constexpr std::string_view kNone = "-";
constexpr std::size_t kFields = 6;  // before the name

// Takes the next word off the line.
std::string_view next_word(std::string_view& line) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, space);
    line.remove_prefix(std::min(space + 1, line.size()));
    return word;
}

std::optional<Proto> proto_of(std::string_view word) {
    for (const Proto proto : {Proto::tcp, Proto::udp}) {
        if (word == to_string(proto)) return proto;
    }
    return std::nullopt;
}

// now: of the clock by which the text tells times.
std::optional<nat::ForwardRequest> read_line(std::string_view line, Instant now) {
    std::array<std::string_view, kFields> words;
    for (std::string_view& word : words)
        word = next_word(line);
    const auto proto = proto_of(words[0]);
    const auto outside = parse_number<std::uint16_t>(words[1]);
    const auto count = parse_number<std::uint32_t>(words[2]);
    const auto inside = parse_endpoint4(words[3]);
    if (!proto || !outside || *outside == 0 || !count || !inside) return std::nullopt;
    nat::ForwardRequest out;
    out.proto = *proto;
    out.outside = Port{*outside};
    out.must_have_port = true;
    out.count = *count;
    out.inside = *inside;
    out.owner = {nat::OwnerKind::static_, std::string(kControlOwner)};
    out.description = line.substr(0, nat::kMostDescription);
    if (words[4] != kNone) {
        out.remote = parse_ip4(words[4]);
        if (!out.remote) return std::nullopt;
    }
    if (words[5] != kNone) {
        const auto until = parse_number<std::uint32_t>(words[5]);
        if (!until) return std::nullopt;
        out.lifetime = Instant(std::chrono::seconds(*until)) - now;
        if (*out.lifetime <= Duration::zero()) return std::nullopt;
    }
    return out;
}

}  // namespace

std::string write_forwards(const std::vector<nat::Forward>& all, std::string_view boot,
                           Instant now) {
    std::string out = write_boot_stamp(boot, now);
    for (const nat::Forward& one : all) {
        if (one.owner.kind != nat::OwnerKind::static_ || one.owner.id != kControlOwner) continue;
        append(out, to_string(one.proto), " ", one.outside.port.number, " ", one.count, " ",
               one.inside.to_string(), " ");
        out += one.remote ? one.remote->to_string() : std::string(kNone);
        out += " ";
        out += one.expires == kNever
                   ? std::string(kNone)
                   : std::to_string(whole_seconds(one.expires.time_since_epoch()));
        // The name stands last, so a line's end is all that it must not have.
        out += ' ';
        const std::string_view name = one.description;
        std::replace_copy(name.begin(), name.end(), std::back_inserter(out), '\n', ' ');
        out += '\n';
    }
    return out;
}

std::vector<nat::ForwardRequest> read_forwards(std::string_view text, std::string_view boot,
                                               Instant now) {
    std::vector<nat::ForwardRequest> out;
    const auto stamped = read_boot_stamp(text, boot, now);
    if (!stamped) return out;
    for (const std::string_view line : split(stamped->text, '\n')) {
        if (out.size() == nat::kMostForwards) break;
        if (auto one = read_line(line, stamped->now)) out.push_back(std::move(*one));
    }
    return out;
}

}  // namespace gatehouse::daemon
