// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/shell/shell.h"

#include <algorithm>
#include <chrono>

#include "dhcp/lease_files.h"
#include "gateway/base/text.h"
#include "gateway/loop/files.h"

namespace gatehouse::dhcp {

namespace {

// Many devices come at once; the files are written for all of them together.
constexpr Duration kFilesPause = 1s;
constexpr unsigned kEverybodyReads = 0644;
constexpr Duration kClockStep = 5s;

// How far the wall clock is ahead of ours.
Duration wall_offset(Instant now) {
    return std::chrono::system_clock::now().time_since_epoch() - now.time_since_epoch();
}

}  // namespace

Shell::Shell(loop::Loop& loop, const std::string& state, Sockets::Feed feed, Say say)
    : loop_(loop),
      say_(std::move(say)),
      journal_(state + "/leases.journal"),
      disk_(loop),
      sockets_(loop, std::move(feed), [this](const std::string& interface, const Error& error) {
          this->say(Level::error, "interface not served",
                    {{"interface", interface}, {"reason", error.text}});
      }) {}

void Shell::say(Level level, std::string fact, std::vector<LogLine::Field> fields) {
    say_({level, "dhcp", std::move(fact), std::move(fields)});
}

Restored Shell::restore() {
    Restored out{journal_.load(loop_.now())};
    if (journal_.unread() > 0) {
        say(Level::warning, "the end of the journal is damaged",
            {{"bytes", std::to_string(journal_.unread())}, {"kept", journal_.path() + ".bad"}});
    }
    if (!out.leases.empty()) {
        say(Level::info, "leases restored", {{"count", std::to_string(out.leases.size())}});
    }
    return out;
}

void Shell::set_files(const config::DhcpFiles& files) {
    files_ = files;
    files_at_ = loop_.now();
}

void Shell::look_again(const Server& server) {
    sockets_.retry();
    const Duration offset = wall_offset(loop_.now());
    const Duration step =
        offset > written_offset_ ? offset - written_offset_ : written_offset_ - offset;
    if (step < kClockStep || files_.leases.empty()) return;
    written_offset_ = offset;
    files_at_ = loop_.now();
    arm(server);
}

void Shell::rewrite(const Server& server) {
    used_ = true;
    const Status written = journal_.rewrite(server.leases(), loop_.now());
    if (!written) say(Level::warning, "leases not stored", {{"reason", written.error().text}});
}

void Shell::perform(const Effects& effects, const Server& server) {
    const Instant now = loop_.now();
    if (!effects.changes.empty()) {
        // The first change of a run writes everything anew, with the boot that it belongs to.
        const bool appended = used_ && journal_.append(effects.changes, now);
        if (!used_ || (!appended && !journal_.due()) || journal_.wants_rewrite(now)) {
            rewrite(server);
        }
        if (!files_at_) files_at_ = now + kFilesPause;
    }
    sockets_.send(effects);
    arm(server);
}

void Shell::arm(const Server& server) {
    std::optional<Instant> next = journal_.due();
    const bool has_files = !files_.leases.empty() || !files_.hosts.empty();
    if (files_at_ && has_files) next = next ? std::min(*next, *files_at_) : *files_at_;
    if (timer_ && next && timer_->first <= *next) return;
    if (timer_) loop_.cancel(timer_->second);
    timer_.reset();
    if (!next) return;
    timer_.emplace(*next, loop_.at(*next, [this, &server] { wake(server); }));
}

void Shell::wake(const Server& server) {
    timer_.reset();
    const Instant now = loop_.now();
    if (journal_.wants_rewrite(now)) {
        rewrite(server);
    } else if (journal_.due() && *journal_.due() <= now) {
        sync(server);
    }
    if (files_at_ && *files_at_ <= now) write_files(server);
    arm(server);
}

void Shell::sync(const Server& server) {
    const auto end = [this, &server, generation = journal_.generation()](bool kept) {
        if (kept || generation != journal_.generation()) return;
        journal_.lose(loop_.now());
        say(Level::warning, "leases not stored", {{"reason", "sync"}});
        arm(server);
    };
    if (!disk_.start(journal_.begin_sync(), end)) journal_.sync_later(loop_.now());
}

void Shell::write_files(const Server& server) {
    files_at_.reset();
    const auto write = [this](const std::string& path, std::string_view text) {
        if (path.empty()) return;
        const auto written = loop::replace_file(path, text, {.mode = kEverybodyReads});
        if (!written) say(Level::warning, "file not written", {{"reason", written.error().text}});
    };
    const std::vector<Lease> leases = server.leases().sorted();
    const Instant now = loop_.now();
    written_offset_ = wall_offset(now);
    write(files_.leases,
          write_lease_file(leases, whole_seconds(now.time_since_epoch() + written_offset_), now));
    write(files_.hosts,
          write_hosts_file(leases, server.configuration().static_leases, server.networks()));
}

void Shell::finish(const Server& server) {
    if (files_at_) write_files(server);
    if (used_ && !journal_.broken()) journal_.sync_at_once();
}

}  // namespace gatehouse::dhcp
