// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/shell/store.h"

#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/loop/files.h"

namespace gatehouse::upnp {

namespace {

constexpr std::string_view kIdentity = "upnp.identity";
constexpr std::string_view kJournal = "forwards.journal";

std::string read_whole(const std::string& path, std::size_t most) {
    return loop::read_file(path, most, loop::Links::refused).value_or({});
}

Result<loop::Fd> put(const std::string& path, std::string_view text) {
    return loop::replace_file(path, text, {.mode = 0600, .durable = true});
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

Store::~Store() {
    if (!sync_) return;
    loop_.cancel(*sync_);
    if (journal_) (void)::fdatasync(journal_.get());
}

Store::Identity Store::begin(const HashKey& fresh) {
    Identity out{fresh, 0, {}};
    if (const auto known = parse_identity(read_whole(path(kIdentity), 256))) out = *known;
    ++out.starts;
    ByteWriter key(16);
    key.u64(out.key.low);
    key.u64(out.key.high);
    const auto written = put(path(kIdentity), concat(to_hex(key.view()), ' ', out.starts, '\n'));
    if (!written) out.kept = written.failure();
    return out;
}

std::string Store::read_journal() const {
    return read_whole(path(kJournal), kLongestJournal);
}

Status Store::replace(std::string_view journal) {
    auto fd = put(path(kJournal), journal);
    if (!fd) return fd.failure();
    journal_ = std::move(*fd);
    size_ = static_cast<std::int64_t>(journal.size());
    return {};
}

Status Store::append(std::string_view lines) {
    if (lines.empty()) return {};
    if (!journal_) return fail("the journal is not open");
    if (!loop::write_all(journal_.get(), lines)) {
        const auto why = fail_with_errno(path(kJournal));
        // Half a line would hide all that comes behind it.
        if (::ftruncate(journal_.get(), size_) != 0) journal_ = {};
        return why;
    }
    size_ += static_cast<std::int64_t>(lines.size());
    sync_later();
    return {};
}

void Store::sync_later() {
    if (sync_) return;
    sync_ = loop_.after(kSyncPeriod, [this] {
        sync_.reset();
        sync();
    });
}

// While the disk is still at the last one it will be told again.
void Store::sync() {
    if (journal_ && !disk_.start(journal_.get(), [](bool /*kept*/) {})) sync_later();
}

}  // namespace gatehouse::upnp
