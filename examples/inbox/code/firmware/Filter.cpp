// Smooths a level: follows a rising river at once, a falling one slowly.
#include <algorithm>

class Filter {
public:
    explicit Filter(float share) : share_(share) {}

    float update(float level)
    {
        state_ = started_ ? std::max(level, state_ + share_ * (level - state_)) : level;
        started_ = true;
        return state_;
    }

private:
    float share_;
    float state_ = 0.0f;
    bool started_ = false;
};
