// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the server does in the world: sockets, the journal, the files that other programs read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dhcp/server.h"
#include "dhcp/shell/journal_file.h"
#include "dhcp/shell/sockets.h"
#include "gateway/base/log.h"
#include "gateway/loop/disk_sync.h"

namespace gatehouse::dhcp {

class Shell {
  public:
    using Say = std::function<void(LogLine)>;

    // state: the folder of the journal. The server must outlive the shell; feed hands events to
    // it and then calls perform().
    Shell(loop::Loop& loop, const std::string& state, Sockets::Feed feed, Say say);

    // What the last run of the daemon left.
    Restored restore();
    void serve(const std::vector<ServedLink>& links) { sockets_.serve(links); }
    // Writes them anew, too: what they say may come from a changed configuration.
    void set_files(const config::DhcpFiles& files);
    // To be called every few seconds: an interface that could not be served may be free now, and
    // the lease file, which says when leases end by the wall clock, is written anew when that was
    // set.
    void look_again(const Server& server);
    // Stores, then sends.
    void perform(const Effects& effects, const Server& server);
    // Leaves everything on the disk.
    void finish(const Server& server);

    std::uint64_t unread() const { return sockets_.unread(); }
    bool journal_is_broken() const { return journal_.broken() && used_; }

  private:
    void rewrite(const Server& server);
    void write_files(const Server& server);
    void arm(const Server& server);
    void wake(const Server& server);
    void sync(const Server& server);
    void say(Level level, std::string fact, std::vector<LogLine::Field> fields);

    loop::Loop& loop_;
    Say say_;
    JournalFile journal_;
    loop::DiskSync disk_;
    Sockets sockets_;
    config::DhcpFiles files_;
    bool used_ = false;          // there was something to store
    Duration written_offset_{};  // of the wall clock from ours, when the lease file was written
    std::optional<Instant> files_at_;
    std::optional<std::pair<Instant, loop::TimerId>> timer_;
};

}  // namespace gatehouse::dhcp
