// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writes files beside the loop. A disk takes its time, even to rename a file, and meanwhile every
// new flow of the house would wait; so a process of its own writes what it is told through a
// socket. What was handed to it gets written though the daemon should die. Where there is no such
// process, the daemon writes by itself and waits.
#pragma once

#include <sys/types.h>

#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/loop/file_messages.h"
#include "gateway/loop/file_work.h"
#include "gateway/loop/loop.h"

namespace gatehouse::loop {

class FileWriter;

// A file that the writer keeps. The writer must live as long.
class WrittenFile {
  public:
    // Hears that all was replaced, or that the file lacks something, and is to be replaced when the
    // disk may take it again. Of more behind its end only failures are told. May come within
    // replace() or append().
    using Told = std::function<void(const Status&)>;

    WrittenFile(FileWriter& writer, std::string path, const Replacing& how, Told told);
    ~WrittenFile();
    WrittenFile(const WrittenFile&) = delete;
    WrittenFile& operator=(const WrittenFile&) = delete;

    const std::string& path() const { return path_; }
    // All that there is, in place of what there was. A reader sees the one or the other.
    void replace(std::string_view text);
    // Behind it.
    void append(std::string_view text);

  private:
    friend class FileWriter;

    FileWriter& writer_;
    FileId id_;
    std::string path_;
    Replacing how_;
    Told told_;
};

class FileWriter {
  public:
    static constexpr std::size_t kMostWaiting = std::size_t{8} << 20U;  // bytes

    // The loop must live as long.
    explicit FileWriter(Loop& loop) : loop_(loop) {}
    // What was handed over is written nevertheless.
    ~FileWriter();
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;

    // Begins the process, which has no other descriptor than `keep`, first does this, and ends when
    // this one has ended and all is written.
    Status start(int keep, const std::function<void()>& first);
    // Hears when it ended before its time. Everything is told to be replaced then.
    void on_end(std::function<void()> callback) { ended_ = std::move(callback); }
    pid_t process() const { return child_; }

    // Waits until all is written; then nothing can be.
    Status finish(Duration patience);

  private:
    friend class WrittenFile;
    struct Waiting {
        FileId id;
        std::string bytes;
    };

    FileId add(WrittenFile& file);
    void remove(WrittenFile& file);
    void replace(const WrittenFile& file, std::string_view text);
    void append(const WrittenFile& file, std::string_view text);
    void tell(FileId id, const Status& status);
    bool hand_over(const FileMessage& message);
    void send_waiting();
    void read_answers();
    void lose_process();
    void sync_later();
    void watch(std::uint32_t events);

    Loop& loop_;
    FileId last_ = 0;
    std::vector<WrittenFile*> files_;
    FileWork own_;  // where there is no process
    std::optional<TimerId> sync_;
    Fd socket_;
    pid_t child_ = 0;
    bool finished_ = false;
    bool wants_room_ = false;  // the loop watches for it
    FileMessages answers_;
    std::list<Waiting> waiting_;  // for room in the socket
    std::size_t sent_ = 0;        // of the first of them
    std::size_t waiting_bytes_ = 0;
    std::function<void()> ended_;
};

}  // namespace gatehouse::loop
