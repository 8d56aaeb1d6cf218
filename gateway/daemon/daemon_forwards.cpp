// SPDX-License-Identifier: GPL-2.0-or-later
//
// The forwards of commands in the daemon: the file in which they survive it.
#include "gateway/base/text.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/saved_forwards.h"

namespace gatehouse::daemon {

namespace {

std::string boot() {
    const auto text = read_file("/proc/sys/kernel/random/boot_id");
    return text ? std::string(trim(*text)) : std::string("unknown");
}

}  // namespace

std::string Daemon::forwards_file() const {
    return concat(start_config_.gateway.state, "/forwards");
}

void Daemon::restore_forwards() {
    const auto text = read_file(forwards_file());
    if (!text) return;
    for (const nat::ForwardRequest& request : read_forwards(*text, boot(), loop_->now())) {
        const auto made = house_.engine().request(request, loop_->now());
        if (made) continue;
        say(Level::warning, "forward not restored",
            {{"proto", to_string(request.proto)},
             {"outside", std::to_string(request.outside->number)},
             {"inside", request.inside.to_string()},
             {"reason", made.error().to_string()}});
    }
    flush_nat();
}

void Daemon::save_forwards() {
    const Status done = replace_file(
        forwards_file(), write_forwards(house_.engine().forwards(), boot(), loop_->now()));
    if (!done) say(Level::warning, "forwards not saved", {{"reason", done.error().text}});
}

}  // namespace gatehouse::daemon
