// SPDX-License-Identifier: GPL-2.0-or-later
//
// Leaving the terminal: the command returns when the daemon works, or with its failure.
#pragma once

#include <sys/types.h>

#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::daemon {

class Background {
  public:
    // Makes a child in a session of its own; both come back from here.
    static Result<Background> leave();

    bool is_parent() const { return child_ > 0; }
    // Parent: waits until the child has started or ended, and gives the exit code.
    int wait_for_child();
    // Child: lets the parent go, and the terminal.
    void started();

  private:
    Background(pid_t child, loop::Fd pipe) : child_(child), pipe_(std::move(pipe)) {}

    pid_t child_;
    loop::Fd pipe_;
};

}  // namespace gatehouse::daemon
