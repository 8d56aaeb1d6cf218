// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/shell/store.h"

#include "gateway/base/text.h"
#include "gateway/loop/files.h"

namespace gatehouse::upnp {

namespace {

constexpr std::string_view kIdentity = "upnp.identity";
constexpr std::string_view kJournal = "forwards.journal";
constexpr loop::Replacing kLasting{.mode = 0600, .durable = true};

std::string read_whole(const std::string& path, std::size_t most) {
    return loop::read_file(path, most, loop::Links::refused).value_or({});
}

// "KEY STARTS", the key as 32 hexadecimal digits.
std::optional<Store::Identity> parse_identity(std::string_view text) {
    const auto words = split(trim(text), ' ');
    if (words.size() != 2) return std::nullopt;
    bool ok = false;
    const auto bytes = from_hex(words[0], ok);
    if (!ok || bytes.size() != 16) return std::nullopt;
    const auto starts = parse_number<std::uint32_t>(words[1]);
    if (!starts) return std::nullopt;
    ByteReader in(bytes);
    Store::Identity out;
    out.key.low = in.u64();
    out.key.high = in.u64();
    out.starts = *starts;
    return out;
}

}  // namespace

Store::Store(loop::FileWriter& writer, std::string folder, loop::WrittenFile::Told told)
    : folder_(std::move(folder)), journal_(writer, path(kJournal), kLasting, std::move(told)) {}

Store::Identity Store::begin(const HashKey& fresh) {
    Identity out{fresh, 0, {}};
    if (const auto known = parse_identity(read_whole(path(kIdentity), 256))) out = *known;
    ++out.starts;
    ByteWriter key(16);
    key.u64(out.key.low);
    key.u64(out.key.high);
    const auto written = loop::replace_file(
        path(kIdentity), concat(to_hex(key.view()), ' ', out.starts, '\n'), kLasting);
    if (!written) out.kept = written.failure();
    return out;
}

std::string Store::read_journal() const {
    return read_whole(journal_.path(), kLongestJournal);
}

}  // namespace gatehouse::upnp
