// SPDX-License-Identifier: GPL-2.0-or-later
//
// What survives the daemon in files of its own, and the forwards of commands among it.
#include "gateway/base/text.h"
#include "gateway/daemon/boot_stamp.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/saved_forwards.h"

namespace gatehouse::daemon {

namespace {

constexpr std::string_view kForwards = "forwards";

}  // namespace

std::string Daemon::state_file(std::string_view name) const {
    return concat(start_config_.gateway.state, "/", name);
}

bool Daemon::store(std::string_view name, const std::string& text) {
    const Status done = replace_file(state_file(name), text);
    if (!done) say(Level::warning, concat(name, " not saved"), {{"reason", done.error().text}});
    return done.ok();
}

std::string Daemon::saved_forwards() const {
    return read_file(state_file(kForwards)).value_or({});
}

void Daemon::save_forwards() {
    if (saving_forwards_) loop_->cancel(*saving_forwards_);
    saving_forwards_.reset();
    const std::string text = write_forwards(house_.engine().forwards(), boot_id(), loop_->now());
    if (!store(kForwards, text))
        saving_forwards_ = loop_->after(kSaveAgain, [this] { save_forwards(); });
}

}  // namespace gatehouse::daemon
