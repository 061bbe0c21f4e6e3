"""What can be configured: one frozen dataclass a section of the TOML file, every key with its meaning."""

from dataclasses import dataclass, field

from store.alerts.settings import AlertsConfig

__all__ = [
    "CheckpointConfig", "Config", "DataConfig", "DpoConfig", "EvalConfig", "GuardConfig", "LoraConfig", "ModelConfig",
    "OptimConfig", "RecordConfig", "RemediesConfig", "RunConfig", "TrainConfig",
]  # fmt: skip


@dataclass(frozen=True)
class RunConfig:
    """[run]: how the run is called and found again."""

    name: str = ""
    """Name of the run and its folder; empty: the name of the data file."""

    project: str = ""
    """Project it belongs to."""

    owner: str = ""
    """Whom it is trained for: a name or number as `assay user ls` has it. Neither this person nor anyone whose account
    it was trained under may approve what comes of it."""

    tags: list[str] = field(default_factory=list[str])
    """Words to find it by."""


@dataclass(frozen=True)
class ModelConfig:
    """[model]: what is trained."""

    path: str = ""
    """Folder of the model and its tokenizer; a hub name only with `allow_download`."""

    adapter: str = ""
    """Folder of a LoRA adapter of that model to start from; a full run takes it into the weights."""

    dtype: str = "auto"
    """Type the weights are held in: auto (as in the file for LoRA, float32 else), float32, bfloat16."""

    allow_download: bool = False
    """Whether a hub name may be fetched from the network."""

    trust_remote_code: bool = False
    """Whether Python code that comes with the model may run."""


@dataclass(frozen=True)
class DataConfig:
    """[data]: what it learns from."""

    train: str | list[str] = ""
    """Data file to learn from, or several; FOLDER/dataset_info.json:NAME for a data set of LLaMA-Factory. For dpo
    files of preferences: each row a prompt with the answer that was chosen and one that was rejected."""

    general: str | list[str] = ""
    """General data mixed in, so that the model does not forget what it knew: a file, or several."""

    general_ratio: float = 0.2
    """Share of the training tokens that come from `general`, where it is named."""

    weights: dict[str, float] = field(default_factory=dict[str, float])
    """Shares of the sources of `train` among its tokens, by file stem (with its folder where two are called the
    same); not named: as often as they are long."""

    columns: dict[str, str] = field(default_factory=dict[str, str])
    """Columns of `train` and `validation` by our names, as in { instruction = "question", output = "answer" };
    those of `general` are its own."""

    validation: float | str = 0.02
    """Share of the rows held out for the validation loss, one row at least where one has no like, or a data file
    of its own; 0 for none."""

    max_length: int = 1024
    """Longest sample in tokens; what is longer is cut at its end, or read in parts where every token is learned. Of a
    preference, the prompt with either answer."""

    packing: bool = True
    """Where every token is learned (cpt, pretrain), lay the documents of a step end to end in rows of `max_length`
    tokens instead of padding each; none sees another, so losses are the same but for rounding. A model that does not
    keep them apart is given one a row."""

    last_turn_only: bool = False
    """Learn the last answer of a conversation only, not all of them."""


@dataclass(frozen=True)
class TrainConfig:
    """[train]: how long and how."""

    stage: str = "sft"
    """sft learns the answers only; cpt (a second pre-training on domain text) and pretrain every token; dpo which of
    two answers is preferred."""

    method: str = "lora"
    """lora trains an adapter, full all weights; qlora an adapter on a model that is held in 4 bits (NF4), for which
    bitsandbytes is needed."""

    epochs: float = 1.0
    """Passes over `data.train`; not used where `steps` is given."""

    steps: int | None = None
    """Steps to train for; the learning rate's schedule ends there, so changing them changes every rate."""

    batch_size: int = 8
    """Samples a step; for dpo a pair of answers is one."""

    micro_batch: int | None = None
    """Samples at once in memory; a step adds up as many as it needs. Default: the whole batch. Halved by itself
    where memory does not suffice."""

    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them: a third more time, far less memory."""

    eval_every: int = 50
    """Steps between two measurements of the validation loss."""

    early_stop: int | None = None
    """Stop after so many measurements in a row without a new lowest validation loss. Default: never."""

    seed: int = 0
    """Decides the order of the data, the held-out rows, new weights and dropout."""

    device: str = "auto"
    """auto, cpu or cuda."""

    parallel: str = "ddp"
    """What each of several processes holds of the model, where several train it (docs/parallel.md): ddp a copy, fsdp a
    part."""

    precision: str = "auto"
    """Arithmetic of the forward pass: auto (bf16 on a GPU that has it), fp32, bf16 or fp16 (with loss scaling)."""

    @property
    def is_adapter(self) -> bool:
        """Whether an adapter is trained, not the model's own weights."""
        return self.method != "full"


@dataclass(frozen=True)
class OptimConfig:
    """[optim]: AdamW and its learning rate."""

    lr: float | None = None
    """Highest learning rate. Default: 1e-4 for LoRA, 2e-5 for full, 1e-3 for pretrain; for dpo 1e-5 for LoRA and 1e-6
    for full, as TRL has them."""

    schedule: str = "cosine"
    """How it falls after the warm-up: cosine, linear or constant."""

    warmup: float = 0.03
    """Share of the steps in which it rises to its highest."""

    min_lr_ratio: float = 0.0
    """Where it ends, as a share of its highest."""

    clip: float = 1.0
    """Longest gradient, as a norm over all weights; 0 for no clipping."""

    weight_decay: float = 0.0
    """Decay of weight matrices a step, times the learning rate; biases and norms do not decay."""

    beta1: float = 0.9
    """Memory of the mean of the gradients."""

    beta2: float = 0.999
    """Memory of their squares."""

    eps: float = 1e-8
    """Added to the root of their squares."""


@dataclass(frozen=True)
class LoraConfig:
    """[lora]: shape of the adapter."""

    rank: int = 16
    """Rank of the added matrices."""

    alpha: float = 32.0
    """Their weight, divided by the rank."""

    dropout: float = 0.05
    """Share of their inputs dropped in training; none is in dpo, whose reference drops nothing."""

    target: list[str] | str = "all-linear"
    """Names of the layers they are added to, or all-linear."""

    new_tokens: bool = True
    """Train the rows of tokens that `assay vocab extend` has added to the model as well; no effect on other models."""


@dataclass(frozen=True)
class DpoConfig:
    """[dpo]: how preferences are learned."""

    beta: float = 0.1
    """How strongly the model is held to what it was before the stage; the lower, the further it may go."""

    label_smoothing: float = 0.0
    """Share of the preferences that are taken to be the wrong way round, as between graders who differ; below 0.5."""


@dataclass(frozen=True)
class CheckpointConfig:
    """[checkpoint]: what is kept."""

    every: int = 100
    """Steps between two checkpoints; the last step always has one."""

    keep: int = 3
    """How many of the newest are kept; besides them the one with the lowest validation loss, the newest stable
    one, and what something holds."""

    keep_every: int | None = None
    """Those of every so many steps are kept for good. Default: none is."""

    stable_after: int = 50
    """Clean steps after which a checkpoint counts as safe to return to."""

    mirror: str = ""
    """Folder, best on another disk, to which each sealed checkpoint is copied and where it is verified."""


@dataclass(frozen=True)
class GuardConfig:
    """[guard]: what is done about loss spikes."""

    mode: str = "act"
    """act skips a step or goes back to a safe checkpoint; watch only tells. A loss that is not a number is never
    stepped on."""

    skip_after: int = 10
    """Steps behind the first alarm that are left out together with those before it, when a spike is gone around."""

    rollbacks: int = 3
    """Rollbacks for one spike, the unchanged replay not counted; then the run pauses and asks."""

    rollbacks_in_run: int = 12
    """Rollbacks in all; then the run pauses at the next spike."""

    max_forgetting: str = ""
    """What is done when the light of a choice suite of what should be kept turns red: nothing but telling where it is
    empty; stop ends the run at its checkpoint, rollback goes back to the last green one and on with a lower learning
    rate, twice at the most, and then stops."""


@dataclass(frozen=True)
class RemediesConfig:
    """[guard.remedies]: what is changed when a spike comes back; each is recorded where it takes effect."""

    lr: float = 0.5
    """Factor of the learning rate, once leaving out the window was not enough."""

    rewarm: int = 50
    """Steps over which the learning rate rises again after that."""

    shallow_update: float | None = 0.1
    """Factor of the update of the embeddings and the first layers; lasting, as it scales the learning rate."""

    shallow_gradient: float | None = None
    """Factor of their gradient. With Adam it acts through the clipping and for as long as the average of the
    squares remembers the larger gradient: divided by its own root, a constant factor cancels."""

    embedding_gradient: float | None = None
    """Factor of the gradient that reaches the input embeddings (GLM-130B took 0.1); none with frozen ones."""

    eps: float | None = None
    """Adam's epsilon. Smaller ones helped some and started spikes for others; declare it, and compare."""

    loss_scale: float | None = None
    """Loss scale to begin again with, for fp16."""

    loss_scale_interval: int | None = None
    """Steps without overflow after which the loss scale doubles, for fp16; torch's own is 2000."""

    from_start: list[str] = field(default_factory=list[str])
    """Those of the above, by name, that take effect from the first step on."""

    leave_out: list[list[int]] = field(default_factory=list[list[int]])
    """Ranges of steps, first and last, whose samples are not trained on, as in [[401, 450]]."""


@dataclass(frozen=True)
class EvalConfig:
    """[eval]: what the model is asked while it trains. Training comes to the same with and without."""

    suites: list[str] = field(default_factory=list[str])
    """Suites it is put to: TOML files, or bare files of choice questions."""

    every: int = 0
    """Steps between two evaluations; 0 for one at each checkpoint. The model is asked before the first step as well,
    and after the last one."""

    samples: int | str = 5
    """How many held-out prompts are answered each time, to be looked at (of an sft or dpo run; 0 for none), or a JSONL
    file of prompts with id, question and reference."""

    sample_tokens: int = 128
    """Longest answer to one of them; half of what the model reads at the most."""


@dataclass(frozen=True)
class RecordConfig:
    """[record]: what is measured beside the loss."""

    groups: bool = True
    """Gradient norm, update and Adam's RMS_t of each group of layers, at every step."""

    sources: bool = True
    """Loss of each source, at every step."""

    system_seconds: float = 10.0
    """Seconds between two looks at the machine (processors, memory, disk, GPUs); 0 for none."""


@dataclass(frozen=True)
class Config:
    """All sections."""

    run: RunConfig = field(default_factory=RunConfig)
    """[run]"""

    model: ModelConfig = field(default_factory=ModelConfig)
    """[model]"""

    data: DataConfig = field(default_factory=DataConfig)
    """[data]"""

    train: TrainConfig = field(default_factory=TrainConfig)
    """[train]"""

    optim: OptimConfig = field(default_factory=OptimConfig)
    """[optim]"""

    lora: LoraConfig = field(default_factory=LoraConfig)
    """[lora]"""

    dpo: DpoConfig = field(default_factory=DpoConfig)
    """[dpo]"""

    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    """[checkpoint]"""

    guard: GuardConfig = field(default_factory=GuardConfig)
    """[guard]"""

    remedies: RemediesConfig = field(default_factory=RemediesConfig)
    """[guard.remedies]"""

    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    """[alerts]"""

    eval: EvalConfig = field(default_factory=EvalConfig)
    """[eval]"""

    record: RecordConfig = field(default_factory=RecordConfig)
    """[record]"""

    @property
    def lr(self) -> float:
        """The highest learning rate: as configured, else by method and stage."""
        if self.optim.lr is not None:
            return self.optim.lr
        if self.train.stage == "pretrain":
            return 1e-3
        if self.train.stage == "dpo":
            return 1e-5 if self.train.is_adapter else 1e-6
        return 1e-4 if self.train.is_adapter else 2e-5
