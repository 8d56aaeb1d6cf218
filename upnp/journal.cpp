// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/journal.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "gateway/base/hash.h"
#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

constexpr std::string_view kMagic = "gatehouse-forwards-1";
constexpr std::string_view kNothing = "-";

std::string hash_of(std::string_view line) {
    ByteWriter out(8);
    out.u64(siphash(HashKey{}, as_bytes(line)));
    return to_hex(out.view());
}

std::int64_t seconds_of(Instant at) {
    return duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

// Words with a blank between them.
class Line {
  public:
    explicit Line(std::string_view first) : text_(first) {}
    Line(std::string_view first, Instant now) : Line(first) { time(now); }

    Line& word(std::string_view text) {
        append(text_, ' ', text.empty() ? kNothing : text);
        return *this;
    }
    Line& number(std::int64_t number) { return word(std::to_string(number)); }
    Line& time(Instant at) { return number(seconds_of(at)); }
    // In hexadecimal.
    Line& free_text(std::string_view text) { return word(to_hex(as_bytes(text))); }
    template <class T>
    Line& maybe(const std::optional<T>& value) {
        return word(value ? value->to_string() : std::string());
    }
    // With its hash and its end.
    std::string finish() {
        append(text_, ' ', hash_of(text_), '\n');
        return std::move(text_);
    }

  private:
    std::string text_;
};

std::optional<std::string> parse_word(std::string_view word) {
    if (word == kNothing) return std::string();
    bool ok = false;
    const auto bytes = from_hex(word, ok);
    if (!ok) return std::nullopt;
    return std::string(as_text(bytes));
}

std::optional<Instant> parse_seconds(std::string_view word) {
    // A thousand years are enough, and far from the end of the clock.
    constexpr std::int64_t kMost = 31'536'000'000 / 4;
    const auto number = parse_number<std::int64_t>(word);
    if (!number || *number < 0 || *number > kMost) return std::nullopt;
    return Instant{} + std::chrono::seconds(*number);
}

std::optional<nat::OwnerKind> parse_kind(std::string_view word) {
    using enum nat::OwnerKind;
    for (const nat::OwnerKind kind : {igd, natpmp, pcp}) {
        if (to_string(kind) == word) return kind;
    }
    return std::nullopt;
}

using Words = std::vector<std::string_view>;

// "+ AT EXPIRES PROTO OUTSIDE INSIDE REMOTE KIND OWNER FLAGS MAC DESCRIPTION" and
// "- AT PROTO OUTSIDE REMOTE" for forwards, "p AT EXPIRES ID PROTO INSIDE PORT REMOTE KIND OWNER
// MAC DESCRIPTION" and "q AT ID" for pinholes, all without the hash.
constexpr std::size_t kAddWords = 12;
constexpr std::size_t kRemoveWords = 5;
constexpr std::size_t kPinholeWords = 12;
constexpr std::size_t kPinholeRemovalWords = 3;

class Reader {
  public:
    Reader(std::string_view boot, Instant now) : boot_(boot), now_(now) {}

    bool head(const Words& words) {
        if (words.size() != 3 || words[0] != kMagic) return false;
        image_.same_boot = words[1] == boot_;
        const auto epoch = parse_seconds(words[2]);
        if (!epoch) return false;
        if (image_.same_boot && *epoch <= now_) image_.epoch = *epoch;
        return true;
    }

    bool line(const Words& words) {
        if (words.empty()) return false;
        if (words[0] == "+") return add(words);
        if (words[0] == "-") return remove(words);
        if (words[0] == "p") return add_pinhole(words);
        if (words[0] == "q") return remove_pinhole(words);
        return false;
    }

    void count() { ++image_.lines; }
    JournalImage finish(bool damaged);

  private:
    using Place = std::tuple<Proto, Port, std::optional<Ip4>>;

    bool add(const Words& words);
    bool remove(const Words& words);
    bool add_pinhole(const Words& words);
    bool remove_pinhole(const Words& words);
    // Whether there is a place for one under this key.
    template <class Map>
    bool has_room(Map& map, const typename Map::key_type& key, std::size_t most) const;
    std::optional<Place> place(std::string_view proto, std::string_view outside,
                               std::string_view remote) const;
    bool take_time(std::string_view word) {
        const auto at = parse_seconds(word);
        if (at) last_ = std::max(last_, *at);
        return at.has_value();
    }

    std::string_view boot_;
    Instant now_;
    Instant last_{};  // when the latest line was written
    JournalImage image_;
    std::map<Place, JournalEntry> entries_;
    std::map<nat::PinholeId, nat::Pinhole> pinholes_;
};

Instant end_of(const JournalEntry& entry) {
    return entry.forward.expires;
}

Instant end_of(const nat::Pinhole& pinhole) {
    return pinhole.expires;
}

template <class Map>
bool Reader::has_room(Map& map, const typename Map::key_type& key, std::size_t most) const {
    if (map.size() < most || map.contains(key)) return true;
    std::erase_if(map, [this](const auto& one) { return end_of(one.second) <= last_; });
    return map.size() < most;
}

std::optional<Reader::Place> Reader::place(std::string_view proto, std::string_view outside,
                                           std::string_view remote) const {
    const auto p = parse_proto(proto);
    const auto port = parse_port(outside);
    if (!p || (*p != Proto::tcp && *p != Proto::udp) || !port) return std::nullopt;
    if (remote == kNothing) return Place{*p, *port, std::nullopt};
    const auto address = parse_ip4(remote);
    if (!address) return std::nullopt;
    return Place{*p, *port, address};
}

bool Reader::add(const Words& words) {
    if (words.size() != kAddWords || !take_time(words[1])) return false;
    const auto expires = parse_seconds(words[2]);
    const auto where = place(words[3], words[4], words[6]);
    const auto inside = parse_endpoint4(words[5]);
    const auto kind = parse_kind(words[7]);
    const auto owner = parse_word(words[8]);
    const auto description = parse_word(words[11]);
    if (!expires || !where || !inside || !kind || !owner || !description) return false;
    JournalEntry entry;
    if (words[10] != kNothing) {
        entry.mac = parse_mac(words[10]);
        if (!entry.mac) return false;
    }
    nat::Forward& forward = entry.forward;
    std::tie(forward.proto, forward.outside.port, forward.remote) = *where;
    forward.inside = *inside;
    forward.owner = {*kind, *owner};
    forward.description = *description;
    forward.enabled = words[9].find('d') == std::string_view::npos;
    forward.expires = *expires;
    entry.unlimited = words[9].find('u') != std::string_view::npos;
    if (!has_room(entries_, *where, nat::kMostForwards)) return false;
    entries_.insert_or_assign(*where, std::move(entry));
    return true;
}

bool Reader::remove(const Words& words) {
    if (words.size() != kRemoveWords || !take_time(words[1])) return false;
    const auto where = place(words[2], words[3], words[4]);
    if (where) entries_.erase(*where);
    return where.has_value();
}

std::optional<nat::PinholeId> parse_id(std::string_view word) {
    const auto id = parse_number<nat::PinholeId>(word);
    return id && *id > 0 && *id <= nat::kLastPinholeId ? id : std::nullopt;
}

bool Reader::add_pinhole(const Words& words) {
    if (words.size() != kPinholeWords || !take_time(words[1])) return false;
    const auto expires = parse_seconds(words[2]);
    const auto id = parse_id(words[3]);
    const auto proto = parse_proto(words[4]);
    const auto inside = parse_ip6(words[5]);
    const auto port = parse_port(words[6]);
    const auto kind = parse_kind(words[8]);
    const auto owner = parse_word(words[9]);
    const auto description = parse_word(words[11]);
    if (!expires || !id || !proto || !inside || !port) return false;
    if (!kind || !owner || !description) return false;
    nat::Pinhole pinhole{*id, *inside,         {},           *proto,  *port,
                         {},  {*kind, *owner}, *description, *expires};
    if (words[7] != kNothing) {
        pinhole.remote = parse_ip6(words[7]);
        if (!pinhole.remote) return false;
    }
    if (words[10] != kNothing) {
        pinhole.host = parse_mac(words[10]);
        if (!pinhole.host) return false;
    }
    if (!has_room(pinholes_, *id, nat::kMostPinholes)) return false;
    pinholes_.insert_or_assign(*id, std::move(pinhole));
    return true;
}

bool Reader::remove_pinhole(const Words& words) {
    if (words.size() != kPinholeRemovalWords || !take_time(words[1])) return false;
    const auto id = parse_id(words[2]);
    if (id) pinholes_.erase(*id);
    return id.has_value();
}

JournalImage Reader::finish(bool damaged) {
    image_.damaged = damaged;
    for (auto& [id, pinhole] : pinholes_) {
        if (!image_.same_boot) pinhole.expires = now_ + (pinhole.expires - last_);
        if (pinhole.expires > now_) image_.pinholes.push_back(std::move(pinhole));
    }
    for (auto& [where, entry] : entries_) {
        Instant& expires = entry.forward.expires;
        if (!image_.same_boot) expires = now_ + (expires - last_);
        if (expires > now_) image_.entries.push_back(std::move(entry));
    }
    return std::move(image_);
}

// The words of a line whose hash is right; none otherwise.
Words checked_words(std::string_view line) {
    const std::size_t blank = line.rfind(' ');
    if (blank == std::string_view::npos || line.size() > kLongestJournalLine) return {};
    if (hash_of(line.substr(0, blank)) != line.substr(blank + 1)) return {};
    return split(line.substr(0, blank), ' ');
}

}  // namespace

JournalImage parse_journal(std::string_view text, std::string_view boot, Instant now) {
    Reader reader(boot, now);
    bool first = true;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) break;
        const Words words = checked_words(text.substr(0, end));
        if (!(first ? reader.head(words) : reader.line(words))) break;
        reader.count();
        first = false;
        text.remove_prefix(end + 1);
    }
    return reader.finish(!text.empty());
}

std::string journal_head(std::string_view boot, Instant epoch) {
    return Line(kMagic).word(boot).time(epoch).finish();
}

std::string journal_line(const nat::Forward& forward, bool unlimited, std::optional<Mac> mac,
                         Instant now) {
    std::string flags;
    if (unlimited) flags += 'u';
    if (!forward.enabled) flags += 'd';
    Line line("+", now);
    line.time(forward.expires).word(to_string(forward.proto)).number(forward.outside.port.number);
    line.word(forward.inside.to_string()).maybe(forward.remote);
    line.word(to_string(forward.owner.kind)).free_text(forward.owner.id);
    return line.word(flags).maybe(mac).free_text(forward.description).finish();
}

std::string journal_removal(const nat::Forward& forward, Instant now) {
    Line line("-", now);
    line.word(to_string(forward.proto)).number(forward.outside.port.number);
    return line.maybe(forward.remote).finish();
}

std::string journal_pinhole(const nat::Pinhole& pinhole, Instant now) {
    Line line("p", now);
    line.time(pinhole.expires).number(pinhole.id).word(to_string(pinhole.proto));
    line.word(pinhole.inside.to_string()).number(pinhole.port.number).maybe(pinhole.remote);
    line.word(to_string(pinhole.owner.kind)).free_text(pinhole.owner.id);
    return line.maybe(pinhole.host).free_text(pinhole.description).finish();
}

std::string journal_pinhole_removal(nat::PinholeId id, Instant now) {
    return Line("q", now).number(id).finish();
}

}  // namespace gatehouse::upnp
