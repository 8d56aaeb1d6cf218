// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/shell/shell.h"

#include <algorithm>
#include <chrono>

#include "dhcp/lease_files.h"
#include "gateway/base/text.h"

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

Shell::Shell(const World& world, const std::string& state, Sockets::Feed feed, Say say)
    : loop_(world.loop),
      writer_(world.writer),
      server_(world.server),
      say_(std::move(say)),
      journal_(writer_, state + "/leases.journal", [this](const Status& stored) { hear(stored); }),
      sockets_(loop_, std::move(feed), [this](const std::string& interface, const Error& error) {
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

void Shell::set_file(OtherFile& file, const std::string& path) {
    if (file && file->path() == path) return;
    file.reset();
    if (path.empty()) return;
    file.emplace(writer_, path, loop::Replacing{.mode = kEverybodyReads},
                 [this](const Status& written) {
                     if (written) return;
                     say(Level::warning, "file not written", {{"reason", written.error().text}});
                 });
}

void Shell::set_files(const config::DhcpFiles& files) {
    set_file(lease_file_, files.leases);
    set_file(hosts_file_, files.hosts);
    files_at_ = loop_.now();
}

void Shell::look_again() {
    sockets_.retry();
    const Duration offset = wall_offset(loop_.now());
    const Duration step =
        offset > written_offset_ ? offset - written_offset_ : written_offset_ - offset;
    if (step < kClockStep || !lease_file_) return;
    written_offset_ = offset;
    files_at_ = loop_.now();
    arm();
}

void Shell::rewrite() {
    used_ = true;
    journal_.rewrite(server_.leases(), loop_.now());
}

void Shell::hear(const Status& stored) {
    if (stored || journal_.broken()) return;
    journal_.lose(loop_.now());
    say(Level::warning, "leases not stored", {{"reason", stored.error().text}});
    arm();
}

void Shell::perform(const Effects& effects) {
    const Instant now = loop_.now();
    if (!effects.changes.empty()) {
        // The first change of a run writes everything anew, with the boot that it belongs to.
        if (!used_ || journal_.wants_rewrite(now)) {
            rewrite();
        } else if (!journal_.broken()) {
            journal_.append(effects.changes, now);
        }
        if (!files_at_) files_at_ = now + kFilesPause;
    }
    sockets_.send(effects);
    arm();
}

void Shell::arm() {
    std::optional<Instant> next = journal_.due();
    const bool has_files = lease_file_ || hosts_file_;
    if (files_at_ && has_files) next = next ? std::min(*next, *files_at_) : *files_at_;
    if (timer_ && next && timer_->first <= *next) return;
    if (timer_) loop_.cancel(timer_->second);
    timer_.reset();
    if (!next) return;
    timer_.emplace(*next, loop_.at(*next, [this] { wake(); }));
}

void Shell::wake() {
    timer_.reset();
    const Instant now = loop_.now();
    if (journal_.wants_rewrite(now)) rewrite();
    if (files_at_ && *files_at_ <= now) write_files();
    arm();
}

void Shell::write_files() {
    files_at_.reset();
    const std::vector<Lease> leases = server_.leases().sorted();
    const Instant now = loop_.now();
    written_offset_ = wall_offset(now);
    if (lease_file_) {
        lease_file_->replace(
            write_lease_file(leases, whole_seconds(now.time_since_epoch() + written_offset_), now));
    }
    if (hosts_file_) {
        hosts_file_->replace(
            write_hosts_file(leases, server_.configuration().static_leases, server_.networks()));
    }
}

void Shell::finish() {
    if (files_at_) write_files();
}

}  // namespace gatehouse::dhcp
