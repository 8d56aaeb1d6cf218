// SPDX-License-Identifier: GPL-2.0-or-later
//
// What survives the daemon in files of its own, and the forwards of commands among it.
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/daemon/boot_stamp.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/lock.h"
#include "gateway/daemon/saved_forwards.h"

namespace gatehouse::daemon {

namespace {

constexpr std::string_view kForwards = "forwards";
constexpr std::string_view kRegistrations = "registrations";
constexpr std::string_view kCalls = "calls";
// What a daemon that was killed had still to write is soon there; one that runs goes on.
constexpr Duration kWritingBefore = 10s;

// The folder for what survives a restart, owned by the user that the daemon becomes.
Status make_state_folder(const std::string& path, const std::string& user) {
    static constexpr mode_t kOwnerOnly = 0700;
    const Status made = make_folders(path, kOwnerOnly);
    if (!made) return made;
    const auto account = find_account(user);
    if (account && ::geteuid() == 0 && ::chown(path.c_str(), account->uid, account->gid) != 0) {
        return fail_with_errno(path);
    }
    return {};
}

}  // namespace

std::string Daemon::state_file(std::string_view name) const {
    return concat(start_config_.gateway.state, "/", name);
}

Places Daemon::places() const {
    const config::DhcpFiles& files = start_config_.dhcp_files;
    return {{folder_of(config_file_)},
            {start_config_.gateway.state, folder_of(files.leases), folder_of(files.hosts)}};
}

Status Daemon::open_files() {
    const config::Gateway& gateway = start_config_.gateway;
    const Status made = make_state_folder(gateway.state, gateway.user);
    if (!made) return made;
    auto folder = take_folder(gateway.state, kWritingBefore);
    if (!folder) return folder.failure();
    state_folder_ = std::move(*folder);
    writer_.emplace(*loop_);
    const Status started = writer_->start(
        state_folder_.get(), [this] { confine_writer(start_config_.gateway.user, places()); });
    if (!started) say(Level::warning, "files are waited for", {{"reason", started.error().text}});
    writer_->on_end([this] { say(Level::error, "the process that writes files has ended"); });
    const auto again = [this](std::string_view name, std::optional<loop::TimerId>& timer,
                              void (Daemon::*save)()) {
        return [this, name, &timer, save](const Status& status) {
            if (status) return;
            say(Level::warning, concat(name, " not saved"), {{"reason", status.error().text}});
            if (!timer) timer = loop_->after(kSaveAgain, [this, save] { (this->*save)(); });
        };
    };
    registrations_file_.emplace(*writer_, state_file(kRegistrations),
                                again(kRegistrations, saving_, &Daemon::save_sip));
    calls_file_.emplace(*writer_, state_file(kCalls), again(kCalls, saving_, &Daemon::save_sip));
    forwards_file_.emplace(*writer_, state_file(kForwards), loop::Replacing{},
                           again(kForwards, saving_forwards_, &Daemon::save_forwards));
    return {};
}

std::string Daemon::saved_forwards() const {
    return read_file(state_file(kForwards)).value_or({});
}

void Daemon::save_forwards() {
    if (saving_forwards_) loop_->cancel(*saving_forwards_);
    saving_forwards_.reset();
    forwards_file_->replace(write_forwards(house_.engine().forwards(), boot_id(), loop_->now()));
}

}  // namespace gatehouse::daemon
