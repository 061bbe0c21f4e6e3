"""Fine-tuning as a sequence of transactions."""

import logging

# peft looks for it whether 4 bits are asked for or not, and it would tell people to install what is not needed.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
