// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes the disk keep what was written to a file, while the loop goes on: flash takes its time, and
// meanwhile every new flow of the house would wait. Where the kernel cannot do that beside, the
// loop waits for the disk.
#pragma once

#include <functional>

#include "gateway/loop/loop.h"

namespace gatehouse::loop {

class DiskSync {
  public:
    using Done = std::function<void(bool kept)>;

    // The loop must live as long.
    explicit DiskSync(Loop& loop) : loop_(loop) {}
    // Waits for what was started; nobody is told of its end.
    ~DiskSync();
    DiskSync(const DiskSync&) = delete;
    DiskSync& operator=(const DiskSync&) = delete;

    // Says at the end, which may be before this returns, whether the disk has kept everything that
    // the file holds now. False, and nothing is done, while another one is under way.
    bool start(int fd, Done done);

  private:
    bool open();
    bool submit(int fd) const;
    void finish();

    Loop& loop_;
    Fd ended_;  // counts
    unsigned long context_ = 0;
    bool tried_ = false;  // to open
    Done done_;           // of the one that is under way
};

}  // namespace gatehouse::loop
