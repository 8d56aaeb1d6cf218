// SPDX-License-Identifier: GPL-2.0-or-later
//
// Notices when somebody changes nftables. The kernel announces each committed transaction: every
// object touched, then one message with the new generation and the process that did it. Nobody
// else's flush of our table may stay unnoticed, and our own commits must not look like one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/kernel/netlink.h"

namespace gatehouse::kernel {

// What a transaction did to one table.
struct TableChange {
    std::uint8_t family = 0;  // 1 = inet
    std::string table;
    bool deleted = false;  // the table itself is gone (a later touch in the same one: is back)
    bool lost_something = false;  // rules, chains, sets, elements or the table were removed

    friend bool operator==(const TableChange&, const TableChange&) = default;
};

struct NftCommit {
    std::uint32_t generation = 0;
    std::uint32_t process = 0;  // as the kernel counts processes, not as a container does
    std::string program;
    bool own = false;
    bool overrun = false;  // announcements were lost: everything may have changed
    std::vector<TableChange> tables;

    const TableChange* find(std::uint8_t family, std::string_view table) const;
};

// Collects announcements into commits. Pure: fed with messages, from the kernel or captured.
class CommitCollector {
  public:
    // self: our process in the kernel's count; 0 = nothing is our own.
    explicit CommitCollector(std::uint32_t self) : self_(self) {}

    // The commit that this message completes, if it does.
    std::optional<NftCommit> add(const MessageView& message);
    void forget() { tables_.clear(); }
    // A child of ours that changes the table for us; the newest few are remembered.
    void add_own(std::uint32_t process);

  private:
    static constexpr std::size_t kMaxOwn = 8;
    static constexpr std::size_t kMaxTables = 256;  // more in one transaction count as an overrun

    bool is_child(std::uint32_t process) const;
    void touch(std::uint8_t family, std::string table, std::uint8_t number);

    std::uint32_t self_;
    std::deque<std::uint32_t> children_;
    bool overfull_ = false;
    std::vector<TableChange> tables_;
};

// The number of the calling process as commits will show it.
Result<std::uint32_t> own_process_number();

class NftWatch {
  public:
    // Listens from now on. Call it in the process that makes the changes (after any fork).
    static Result<NftWatch> open();

    int fd() const { return socket_.fd(); }
    void add_own(std::uint32_t process) { collector_.add_own(process); }
    // Commits that came through the socket with this port are not told any more. The kernel keeps
    // them from us, so that they wake nobody; best effort, what is told is still known as our own.
    void ignore(std::uint32_t port);
    // Reads what was announced; on_commit is called once per transaction, our own included.
    void read(const std::function<void(const NftCommit&)>& on_commit);

  private:
    NftWatch(NetlinkSocket socket, std::uint32_t self)
        : socket_(std::move(socket)), collector_(self) {}

    NetlinkSocket socket_;
    CommitCollector collector_;
};

}  // namespace gatehouse::kernel
