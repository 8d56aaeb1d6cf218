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
#include "gateway/loop/file_writer.h"

namespace gatehouse::dhcp {

class Shell {
  public:
    using Say = std::function<void(LogLine)>;

    struct World {
        loop::Loop& loop;
        loop::FileWriter& writer;
        const Server& server;
    };
    // state: the folder of the journal. The world must outlive the shell; feed hands events to the
    // server and then calls perform().
    Shell(const World& world, const std::string& state, Sockets::Feed feed, Say say);

    // What the last run of the daemon left.
    Restored restore();
    void serve(const std::vector<ServedLink>& links) { sockets_.serve(links); }
    // Writes them anew, too: what they say may come from a changed configuration.
    void set_files(const config::DhcpFiles& files);
    // To be called every few seconds: an interface that could not be served may be free now, and
    // the lease file, which says when leases end by the wall clock, is written anew when that was
    // set.
    void look_again();
    // Stores, then sends.
    void perform(const Effects& effects);
    // Hands everything to the writer.
    void finish();

    std::uint64_t unread() const { return sockets_.unread(); }
    bool journal_is_broken() const { return journal_.broken() && used_; }

  private:
    using OtherFile = std::optional<loop::WrittenFile>;  // nothing where none is wanted
    void set_file(OtherFile& file, const std::string& path);
    void hear(const Status& stored);
    void rewrite();
    void write_files();
    void arm();
    void wake();
    void say(Level level, std::string fact, std::vector<LogLine::Field> fields);

    loop::Loop& loop_;
    loop::FileWriter& writer_;
    const Server& server_;
    Say say_;
    JournalFile journal_;
    OtherFile lease_file_;
    OtherFile hosts_file_;
    Sockets sockets_;
    bool used_ = false;          // there was something to store
    Duration written_offset_{};  // of the wall clock from ours, when the lease file was written
    std::optional<Instant> files_at_;
    std::optional<std::pair<Instant, loop::TimerId>> timer_;
};

}  // namespace gatehouse::dhcp
