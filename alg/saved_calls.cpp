// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/saved_calls.h"

#include <algorithm>
#include <map>
#include <utility>

#include "alg/saved.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

constexpr std::string_view kNone = "-";
constexpr std::size_t kFields = 9;  // before the streams
constexpr std::size_t kMostStreams = 16;
constexpr std::size_t kMostRead = std::size_t{4} * Calls::kMost;  // many of them have ended
constexpr std::size_t kMostText = 512;                            // bytes of one field

bool is_field(std::string_view text) {
    return text.size() <= kMostText && is_plain(text);
}

std::string_view or_none(std::string_view text) {
    return text.empty() ? kNone : text;
}

std::string text_of(Endpoint4 endpoint) {
    return endpoint == Endpoint4{} ? std::string(kNone) : endpoint.to_string();
}

std::string tags_of(const Call& call) {
    std::string out;
    for (const std::string& tag : call.answered)
        append(out, out.empty() ? "" : ",", tag);
    return out;
}

void append_stream(std::string& out, const SavedStream& stream) {
    const WantedMedia& media = stream.media;
    if (media.rtp == Endpoint4{} || !media.outside) {
        out += " -";
        return;
    }
    append(out, " ", media.rtp.to_string(), "/", media.outside->number, "/",
           text_of(media.rtcp.value_or(Endpoint4{})), "/", media.count, "/", text_of(stream.peer));
}

// False where the word is none.
bool read_endpoint(std::string_view word, Endpoint4& out) {
    if (word == kNone) return true;
    const auto endpoint = parse_endpoint4(word);
    if (endpoint) out = *endpoint;
    return endpoint.has_value();
}

std::optional<SavedStream> read_stream(std::string_view word) {
    SavedStream out;
    if (word == kNone) return out;
    const auto parts = split(word, '/');
    if (parts.size() != 5) return std::nullopt;
    const auto rtp = parse_endpoint4(parts[0]);
    const auto outside = parse_number<std::uint16_t>(parts[1]);
    const auto count = parse_number<std::uint32_t>(parts[3]);
    Endpoint4 rtcp;
    const bool good = rtp && outside && *outside != 0 && read_endpoint(parts[2], rtcp) && count &&
                      *count != 0 && read_endpoint(parts[4], out.peer);
    if (!good) return std::nullopt;
    out.media.rtp = *rtp;
    if (rtcp != Endpoint4{}) out.media.rtcp = rtcp;
    out.media.count = *count;
    out.media.outside = Port{*outside};
    return out;
}

bool read_state(std::string_view word, Call& call) {
    for (const CallState state : {CallState::established, CallState::held, CallState::ended}) {
        if (word != to_string(state)) continue;
        call.state = state;
        call.held_inside = state == CallState::held;
        call.established = true;
        return true;
    }
    return false;
}

bool read_tags(std::string_view word, Call& call) {
    if (word == kNone) return true;
    for (const std::string_view tag : split(word, ',')) {
        if (tag.empty() || call.answered.size() == Calls::kMostAnswers) return false;
        call.answered.emplace_back(tag);
    }
    return true;
}

std::string text_or_none(std::string_view word) {
    return word == kNone ? std::string() : std::string(word);
}

std::optional<SavedCall> read_line(std::string_view line, std::chrono::seconds clock) {
    const auto words = split(line, ' ');
    if (words.size() < kFields || words.size() > kFields + kMostStreams ||
        !std::all_of(words.begin(), words.end(), is_field)) {
        return std::nullopt;
    }
    SavedCall out;
    Call& call = out.call;
    const auto inside = parse_endpoint4(words[0]);
    const auto remote = parse_endpoint4(words[1]);
    const auto until = parse_number<std::uint32_t>(words[3]);
    const auto timer = parse_number<std::uint32_t>(words[4]);
    const bool good = inside && remote && read_state(words[2], call) && until && timer &&
                      words[5].size() <= Calls::kMostId && read_tags(words[8], call);
    if (!good) return std::nullopt;
    call.inside = *inside;
    call.remote = *remote;
    if (*timer != 0) call.session_timer = std::chrono::seconds(*timer);
    call.id = words[5];
    call.from = text_or_none(words[6]);
    call.to = text_or_none(words[7]);
    out.left = std::chrono::seconds(std::int64_t{*until} - clock.count());
    // A spoiled line makes no call longer than it may be.
    if (out.left > Calls::kLongest) return std::nullopt;
    if (call.state == CallState::ended) out.left = Duration::zero();
    for (std::size_t i = kFields; i < words.size(); ++i) {
        const auto stream = read_stream(words[i]);
        if (!stream) return std::nullopt;
        out.streams.push_back(*stream);
    }
    return out;
}

}  // namespace

std::string write_saved_calls(const std::vector<SavedCall>& all, std::chrono::seconds clock) {
    std::string out;
    for (const SavedCall& one : all) {
        const Call& call = one.call;
        const std::string tags = tags_of(call);
        const auto words = {or_none(call.id), or_none(call.from), or_none(call.to), or_none(tags)};
        const bool good =
            std::all_of(words.begin(), words.end(), is_field) && one.streams.size() <= kMostStreams;
        if (!good) continue;
        append(out, call.inside.to_string(), " ", call.remote.to_string(), " ",
               to_string(call.state), " ", clock.count() + whole_seconds(one.left), " ",
               whole_seconds(call.session_timer.value_or(Duration::zero())));
        for (const std::string_view word : words)
            append(out, " ", word);
        for (const SavedStream& stream : one.streams)
            append_stream(out, stream);
        out += '\n';
    }
    return out;
}

std::vector<SavedCall> read_saved_calls(std::string_view text, std::chrono::seconds clock) {
    std::vector<SavedCall> out;
    std::map<std::pair<Ip4, std::string>, std::size_t> places;
    // A line without its end was not written to its end.
    text = text.substr(0, text.rfind('\n') + 1);
    for (const std::string_view line : split(text, '\n')) {
        auto one = read_line(line, clock);
        if (!one) continue;
        const auto [place, fresh] =
            places.try_emplace({one->call.inside.address, one->call.id}, out.size());
        if (!fresh) {
            out[place->second] = std::move(*one);
        } else if (out.size() < kMostRead) {
            out.push_back(std::move(*one));
        } else {
            places.erase(place);
        }
    }
    std::erase_if(out, [](const auto& one) { return one.left <= Duration::zero(); });
    if (out.size() > Calls::kMost) out.resize(Calls::kMost);
    return out;
}

}  // namespace gatehouse::sip
