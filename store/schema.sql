-- The store's tables, as a new file gets them: what a person reads first and what docs/schema.md shows.
-- A change here needs a file in store/migrations that brings an older store to the same state.
-- No foreign keys (they would block ALTER), no primary keys or indexes (they are what DuckDB's log
-- replay has failed on, and they double the cost of an append): what must be unique is checked inside
-- the exclusive transaction that writes it, and by `assay db check`. Times are UTC.

CREATE TABLE meta (
    version INTEGER NOT NULL,
    created TIMESTAMP NOT NULL,
    program VARCHAR NOT NULL,
    demo BOOLEAN NOT NULL
);
COMMENT ON TABLE meta IS 'One row: what this file is.';
COMMENT ON COLUMN meta.version IS 'Number of the last migration applied; a program reads one version only.';
COMMENT ON COLUMN meta.created IS 'When the file was made.';
COMMENT ON COLUMN meta.program IS 'Program and version that made it.';
COMMENT ON COLUMN meta.demo IS 'Whether this is a demo store; set when the file is made, never changed.';

CREATE TABLE run (
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    project VARCHAR,
    stage VARCHAR,
    status VARCHAR NOT NULL,
    error VARCHAR,
    created TIMESTAMP NOT NULL,
    ended TIMESTAMP,
    heartbeat TIMESTAMP NOT NULL,
    total_steps BIGINT,
    first_step BIGINT,
    last_step BIGINT,
    parent VARCHAR,
    source VARCHAR,
    config JSON,
    provenance JSON,
    tags VARCHAR[] NOT NULL,
    starred BOOLEAN NOT NULL,
    archived BOOLEAN NOT NULL,
    notes VARCHAR,
    edited VARCHAR[]
);
COMMENT ON TABLE run IS 'One row a run.';
COMMENT ON COLUMN run.id IS 'Number of the run in this store.';
COMMENT ON COLUMN run.name IS 'Name of the run and of its folder; unique.';
COMMENT ON COLUMN run.project IS 'Project the run belongs to, as its owner calls it.';
COMMENT ON COLUMN run.stage IS 'pretrain, cpt, sft or dpo for runs of assay train; else null.';
COMMENT ON COLUMN run.status IS 'queued, running, paused, finished, failed, or lost where it was sent back after its process had gone, as last reported; a running run without a heartbeat is shown as lost.';
COMMENT ON COLUMN run.error IS 'Last line of the error that ended the run.';
COMMENT ON COLUMN run.created IS 'When recording began.';
COMMENT ON COLUMN run.ended IS 'When the run reported its end.';
COMMENT ON COLUMN run.heartbeat IS 'Time of the newest line of its spool.';
COMMENT ON COLUMN run.total_steps IS 'Steps planned, where known.';
COMMENT ON COLUMN run.first_step IS 'Lowest step recorded.';
COMMENT ON COLUMN run.last_step IS 'Newest step on the active path.';
COMMENT ON COLUMN run.parent IS 'RUN/BRANCH@STEP this run started from, where it did.';
COMMENT ON COLUMN run.source IS 'Folder or file being watched, where the run is another program''s.';
COMMENT ON COLUMN run.config IS 'Effective configuration.';
COMMENT ON COLUMN run.provenance IS 'Command, versions, hardware, data hashes.';
COMMENT ON COLUMN run.tags IS 'Words to find the run by.';
COMMENT ON COLUMN run.starred IS 'Whether someone keeps it on top.';
COMMENT ON COLUMN run.archived IS 'Whether it is hidden from lists.';
COMMENT ON COLUMN run.notes IS 'What people wrote about it.';
COMMENT ON COLUMN run.edited IS 'Columns that a person has set: tags and project among them are no longer taken from the spool. Null where there are none.';

CREATE TABLE branch (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    parent INTEGER,
    fork_step BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    data JSON
);
COMMENT ON TABLE branch IS 'A stretch of a run''s history; rolling back opens a new one and leaves the old as it was.';
COMMENT ON COLUMN branch.run_id IS 'The run.';
COMMENT ON COLUMN branch.branch IS 'Number within the run, from 1; the highest one is active.';
COMMENT ON COLUMN branch.parent IS 'Branch it left; null for the first.';
COMMENT ON COLUMN branch.fork_step IS 'Last step of the parent that belongs to this branch''s past; its own first step is the next one. -1 for the first branch.';
COMMENT ON COLUMN branch.reason IS 'start, resume, rollback, replay, ...';
COMMENT ON COLUMN branch.created IS 'When it began.';
COMMENT ON COLUMN branch.data IS 'What else was declared: skipped samples, remedies.';

CREATE TABLE metric_name (
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL
);
COMMENT ON TABLE metric_name IS 'Names of metrics; unique in the store.';
COMMENT ON COLUMN metric_name.id IS 'Number used in metric rows.';
COMMENT ON COLUMN metric_name.name IS 'Name as logged, as in loss, val_loss or loss/general.';

CREATE TABLE metric (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    metric_id INTEGER NOT NULL,
    step BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    time TIMESTAMP NOT NULL
);
COMMENT ON TABLE metric IS 'One row a value; rows are only ever appended.';
COMMENT ON COLUMN metric.run_id IS 'The run.';
COMMENT ON COLUMN metric.branch IS 'Branch of the run.';
COMMENT ON COLUMN metric.metric_id IS 'Which metric.';
COMMENT ON COLUMN metric.step IS 'Position in the data plan; unique within branch and metric.';
COMMENT ON COLUMN metric.value IS 'The value; NaN and infinities stay what they are.';
COMMENT ON COLUMN metric.time IS 'When it was logged.';

CREATE TABLE metric_span (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    metric_id INTEGER NOT NULL,
    span BIGINT NOT NULL,
    first_step BIGINT,
    last_step BIGINT,
    n INTEGER NOT NULL,
    min DOUBLE,
    max DOUBLE,
    last DOUBLE,
    odd INTEGER NOT NULL
);
COMMENT ON TABLE metric_span IS 'Metrics rolled up, a row for 512 steps; derived from metric, and only for spans that a branch has gone beyond.';
COMMENT ON COLUMN metric_span.run_id IS 'The run.';
COMMENT ON COLUMN metric_span.branch IS 'Branch of the run.';
COMMENT ON COLUMN metric_span.metric_id IS 'Which metric.';
COMMENT ON COLUMN metric_span.span IS 'Step divided by 512, rounded down.';
COMMENT ON COLUMN metric_span.first_step IS 'Lowest step with a finite value; null where there is none, as in last_step, min, max and last.';
COMMENT ON COLUMN metric_span.last_step IS 'Highest step with a finite value.';
COMMENT ON COLUMN metric_span.n IS 'Finite values.';
COMMENT ON COLUMN metric_span.min IS 'Lowest of them.';
COMMENT ON COLUMN metric_span.max IS 'Highest of them.';
COMMENT ON COLUMN metric_span.last IS 'The one of the highest step.';
COMMENT ON COLUMN metric_span.odd IS 'Values that are not finite.';

CREATE TABLE step_batch (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    step BIGINT NOT NULL,
    "update" BIGINT,
    verdict VARCHAR,
    rows BIGINT[],
    losses DOUBLE[]
);
COMMENT ON TABLE step_batch IS 'What a step was made of, a row a step.';
COMMENT ON COLUMN step_batch.run_id IS 'The run.';
COMMENT ON COLUMN step_batch.branch IS 'Branch of the run.';
COMMENT ON COLUMN step_batch.step IS 'The step.';
COMMENT ON COLUMN step_batch."update" IS 'Optimizer updates committed after this step.';
COMMENT ON COLUMN step_batch.verdict IS 'commit, skip, rollback, overflow (fp16) or left-out.';
COMMENT ON COLUMN step_batch.rows IS 'Samples of the batch: dataset.first_row of their file plus their row in it.';
COMMENT ON COLUMN step_batch.losses IS 'Loss of each of them, in the same order.';

CREATE TABLE checkpoint (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    step BIGINT NOT NULL,
    state VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR,
    bytes BIGINT,
    created TIMESTAMP NOT NULL,
    changed TIMESTAMP NOT NULL,
    data JSON
);
COMMENT ON TABLE checkpoint IS 'One row a checkpoint, with its newest state.';
COMMENT ON COLUMN checkpoint.run_id IS 'The run.';
COMMENT ON COLUMN checkpoint.branch IS 'Branch of the run.';
COMMENT ON COLUMN checkpoint.step IS 'Step after which it was written.';
COMMENT ON COLUMN checkpoint.state IS 'sealed, stable, suspect or deleted.';
COMMENT ON COLUMN checkpoint.path IS 'Its folder, relative to the store''s root.';
COMMENT ON COLUMN checkpoint.sha256 IS 'Digest of its manifest, which holds the digest of every file.';
COMMENT ON COLUMN checkpoint.bytes IS 'Size of its files together.';
COMMENT ON COLUMN checkpoint.created IS 'When it was sealed.';
COMMENT ON COLUMN checkpoint.changed IS 'When its state last changed.';
COMMENT ON COLUMN checkpoint.data IS 'What was known when it was written: update, val_loss, ...';

CREATE TABLE event (
    run_id INTEGER NOT NULL,
    branch INTEGER,
    step BIGINT,
    time TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    data JSON
);
COMMENT ON TABLE event IS 'What happened to a run, for people; rows are only ever appended.';
COMMENT ON COLUMN event.run_id IS 'The run.';
COMMENT ON COLUMN event.branch IS 'Branch, where it belongs to one.';
COMMENT ON COLUMN event.step IS 'Step, where it belongs to one.';
COMMENT ON COLUMN event.time IS 'When it happened.';
COMMENT ON COLUMN event.kind IS 'status, checkpoint, traceback, note, request, damaged, ... or a name of the script''s own.';
COMMENT ON COLUMN event.level IS 'info, warning or alarm.';
COMMENT ON COLUMN event.message IS 'One sentence, or a traceback.';
COMMENT ON COLUMN event.data IS 'Details.';

CREATE TABLE request (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    args JSON,
    actor VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    taken TIMESTAMP,
    done TIMESTAMP,
    result VARCHAR
);
COMMENT ON TABLE request IS 'What people ask of a run; its trainer takes requests at the next step.';
COMMENT ON COLUMN request.id IS 'Number of the request.';
COMMENT ON COLUMN request.run_id IS 'The run.';
COMMENT ON COLUMN request.kind IS 'stop-and-save, save-now, pause, continue, note, rollback, evaluate or open-campaign.';
COMMENT ON COLUMN request.args IS 'Its arguments.';
COMMENT ON COLUMN request.actor IS 'Who asked.';
COMMENT ON COLUMN request.created IS 'When.';
COMMENT ON COLUMN request.taken IS 'When the trainer took it; null while it waits.';
COMMENT ON COLUMN request.done IS 'When it was carried out or refused.';
COMMENT ON COLUMN request.result IS 'What came of it, in words.';

CREATE TABLE pin (
    target VARCHAR NOT NULL,
    target_kind VARCHAR NOT NULL,
    run_id INTEGER,
    holder VARCHAR NOT NULL,
    holder_kind VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    released TIMESTAMP
);
COMMENT ON TABLE pin IS 'What must not be deleted, and for whose sake.';
COMMENT ON COLUMN pin.target IS 'What is held: a path relative to the store''s root, or a digest.';
COMMENT ON COLUMN pin.target_kind IS 'checkpoint, adapter, base, tokenizer, answers or dataset.';
COMMENT ON COLUMN pin.run_id IS 'Run it belongs to, where it belongs to one.';
COMMENT ON COLUMN pin.holder IS 'Name of what holds it.';
COMMENT ON COLUMN pin.holder_kind IS 'run, campaign, approval or release.';
COMMENT ON COLUMN pin.created IS 'Since when.';
COMMENT ON COLUMN pin.released IS 'Until when; null while it holds.';

CREATE TABLE dataset (
    run_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    rows BIGINT NOT NULL,
    role VARCHAR NOT NULL,
    first_row BIGINT
);
COMMENT ON TABLE dataset IS 'Data files a run reads.';
COMMENT ON COLUMN dataset.run_id IS 'The run.';
COMMENT ON COLUMN dataset.path IS 'The file, as an absolute path.';
COMMENT ON COLUMN dataset.sha256 IS 'Digest of the file when the run read it.';
COMMENT ON COLUMN dataset.rows IS 'Rows used.';
COMMENT ON COLUMN dataset.role IS 'train, general or validation.';
COMMENT ON COLUMN dataset.first_row IS 'Number of its row 0 among all rows of the run, as step_batch.rows counts them; null means 0.';

CREATE TABLE sample (
    run_id INTEGER NOT NULL,
    dataset VARCHAR NOT NULL,
    row BIGINT NOT NULL,
    id VARCHAR,
    source VARCHAR,
    task VARCHAR,
    hash VARCHAR NOT NULL
);
COMMENT ON TABLE sample IS 'Rows of a run''s data; the text is read from the file after the hash has been checked.';
COMMENT ON COLUMN sample.run_id IS 'The run.';
COMMENT ON COLUMN sample.dataset IS 'Digest of the data file.';
COMMENT ON COLUMN sample.row IS 'Row number in the file, from 0.';
COMMENT ON COLUMN sample.id IS 'The row''s own id, where it has one.';
COMMENT ON COLUMN sample.source IS 'Where it comes from: the name the mixing knows it by.';
COMMENT ON COLUMN sample.task IS 'Subtask or category, where the row names one.';
COMMENT ON COLUMN sample.hash IS 'First 16 characters of the SHA-256 of its text.';

CREATE TABLE eval_run (
    id INTEGER NOT NULL,
    key VARCHAR NOT NULL,
    run_id INTEGER,
    branch INTEGER,
    step BIGINT,
    artifact VARCHAR NOT NULL,
    base VARCHAR,
    model VARCHAR NOT NULL,
    suite VARCHAR NOT NULL,
    suite_sha256 VARCHAR NOT NULL,
    measures VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    scorer VARCHAR NOT NULL,
    n INTEGER NOT NULL,
    "of" INTEGER NOT NULL,
    created TIMESTAMP NOT NULL,
    seconds DOUBLE NOT NULL,
    data JSON
);
COMMENT ON TABLE eval_run IS 'One row for each time a model was put to a suite; its file in .evals is the truth.';
COMMENT ON COLUMN eval_run.id IS 'Number in this store.';
COMMENT ON COLUMN eval_run.key IS 'Name of its file: digest of artifact, suite and scorer; unique.';
COMMENT ON COLUMN eval_run.run_id IS 'Run whose checkpoint or live model it was; null for a base or a folder.';
COMMENT ON COLUMN eval_run.branch IS 'Branch of that run.';
COMMENT ON COLUMN eval_run.step IS 'Step after which the model was taken.';
COMMENT ON COLUMN eval_run.artifact IS 'Digest of the model: of a checkpoint as in checkpoint.sha256, of a folder that of its files.';
COMMENT ON COLUMN eval_run.base IS 'Digest of what its run began with, by which its base''s row is found; null without one.';
COMMENT ON COLUMN eval_run.model IS 'What people call the model: RUN@STEP or a folder.';
COMMENT ON COLUMN eval_run.suite IS 'Name of the suite.';
COMMENT ON COLUMN eval_run.suite_sha256 IS 'Digest of its settings and rows.';
COMMENT ON COLUMN eval_run.measures IS 'learned, kept, or shown where nothing is measured and answers are only shown.';
COMMENT ON COLUMN eval_run.kind IS 'open, choice, text, or harness for a task of lm-evaluation-harness.';
COMMENT ON COLUMN eval_run.scorer IS 'Program and version of the scoring.';
COMMENT ON COLUMN eval_run.n IS 'Items asked.';
COMMENT ON COLUMN eval_run."of" IS 'Items the suite has.';
COMMENT ON COLUMN eval_run.created IS 'When.';
COMMENT ON COLUMN eval_run.seconds IS 'How long it took.';
COMMENT ON COLUMN eval_run.data IS 'Settings of the suite, leak check, versions, device, data type.';

CREATE TABLE score (
    eval_id INTEGER NOT NULL,
    metric VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    clean BOOLEAN NOT NULL,
    versus VARCHAR,
    value DOUBLE,
    low DOUBLE,
    high DOUBLE,
    n INTEGER NOT NULL,
    signature VARCHAR
);
COMMENT ON TABLE score IS 'Scores of evaluations, and differences to the base and to the checkpoint before.';
COMMENT ON COLUMN score.eval_id IS 'The evaluation.';
COMMENT ON COLUMN score.metric IS 'acc and acc_norm are shares, 0 to 1; bleu, chrf, rouge…, exact_match, f1 and own ones 0 to 100; nll and kl nats a token; bits_per_byte bits.';
COMMENT ON COLUMN score.category IS 'Subject it is of; empty for all items.';
COMMENT ON COLUMN score.clean IS 'Whether items found in the training data are left out.';
COMMENT ON COLUMN score.versus IS 'Null for a score; base or previous for the difference to that model''s, on the same items.';
COMMENT ON COLUMN score.value IS 'The value; null where it cannot be compared.';
COMMENT ON COLUMN score.low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN score.high IS 'Upper end.';
COMMENT ON COLUMN score.n IS 'Items behind it.';
COMMENT ON COLUMN score.signature IS 'How it was computed.';

CREATE TABLE item_result (
    eval_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    correct BOOLEAN,
    pred INTEGER,
    lls DOUBLE[],
    answer VARCHAR,
    scores JSON,
    nats DOUBLE,
    tokens BIGINT,
    kl DOUBLE,
    leaked BOOLEAN NOT NULL
);
COMMENT ON TABLE item_result IS 'What a model made of each item of a suite.';
COMMENT ON COLUMN item_result.eval_id IS 'The evaluation.';
COMMENT ON COLUMN item_result.item IS 'Id of the item.';
COMMENT ON COLUMN item_result.correct IS 'Whether it was answered right; null for open questions and texts.';
COMMENT ON COLUMN item_result.pred IS 'Place of the choice taken; -1 where a likelihood was no number.';
COMMENT ON COLUMN item_result.lls IS 'Log-likelihood of each choice, in nats.';
COMMENT ON COLUMN item_result.answer IS 'What the model said.';
COMMENT ON COLUMN item_result.scores IS 'Value of each metric for this item alone, 0 to 100.';
COMMENT ON COLUMN item_result.nats IS 'Negative log-likelihood of a text, in nats.';
COMMENT ON COLUMN item_result.tokens IS 'Tokens of it that were predicted.';
COMMENT ON COLUMN item_result.kl IS 'Divergence from the base summed over them, in nats; null where it cannot be compared.';
COMMENT ON COLUMN item_result.leaked IS 'Whether the item stands in the training data.';

CREATE TABLE eval_item (
    suite_sha256 VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    place INTEGER NOT NULL,
    lang VARCHAR,
    category VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    reference VARCHAR,
    choices VARCHAR[],
    gold INTEGER
);
COMMENT ON TABLE eval_item IS 'Items of suites, as they were asked.';
COMMENT ON COLUMN eval_item.suite_sha256 IS 'Digest of the suite.';
COMMENT ON COLUMN eval_item.item IS 'Id of the item; unique in its suite.';
COMMENT ON COLUMN eval_item.place IS 'Its place in the suite, from 0.';
COMMENT ON COLUMN eval_item.lang IS 'Language, where it is known.';
COMMENT ON COLUMN eval_item.category IS 'Subject; empty without one.';
COMMENT ON COLUMN eval_item.question IS 'What is asked, or the text.';
COMMENT ON COLUMN eval_item.reference IS 'The wanted answer.';
COMMENT ON COLUMN eval_item.choices IS 'Choices, where it has some.';
COMMENT ON COLUMN eval_item.gold IS 'Place of the right one.';

CREATE TABLE spool_offset (
    run_id INTEGER NOT NULL,
    file VARCHAR NOT NULL,
    "offset" BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    damaged BIGINT NOT NULL
);
COMMENT ON TABLE spool_offset IS 'How far each spool file is loaded; written in the same transaction as its rows.';
COMMENT ON COLUMN spool_offset.run_id IS 'The run.';
COMMENT ON COLUMN spool_offset.file IS 'Name of the spool file.';
COMMENT ON COLUMN spool_offset."offset" IS 'Bytes loaded.';
COMMENT ON COLUMN spool_offset.lines IS 'Lines loaded.';
COMMENT ON COLUMN spool_offset.damaged IS 'Lines skipped because they could not be read.';

CREATE VIEW run_path AS
WITH RECURSIVE known AS (
    -- One row a branch, and parents before children: then this ends whatever the table holds.
    SELECT run_id, branch, max(parent) FILTER (parent < branch) AS parent, min(fork_step) AS fork_step
    FROM branch GROUP BY run_id, branch
), up AS (
    SELECT run_id, branch AS tip, branch, parent, fork_step, CAST(9223372036854775807 AS BIGINT) AS last_step
    FROM known
    UNION ALL
    SELECT up.run_id, up.tip, k.branch, k.parent, k.fork_step, least(up.last_step, up.fork_step)
    FROM up JOIN known k ON k.run_id = up.run_id AND k.branch = up.parent
)
SELECT run_id, tip, branch, fork_step + 1 AS first_step, last_step FROM up;
COMMENT ON VIEW run_path IS 'History of each branch (tip): which steps of which branch it is made of.';

CREATE VIEW active_path AS
WITH RECURSIVE known AS (
    SELECT run_id, branch, max(parent) FILTER (parent < branch) AS parent, min(fork_step) AS fork_step
    FROM branch GROUP BY run_id, branch
), up AS (
    -- From the newest branches only: run_path grows with the square of their number.
    SELECT run_id, branch, parent, fork_step, CAST(9223372036854775807 AS BIGINT) AS last_step
    FROM known JOIN (SELECT run_id, max(branch) AS branch FROM branch GROUP BY run_id) USING (run_id, branch)
    UNION ALL
    SELECT up.run_id, k.branch, k.parent, k.fork_step, least(up.last_step, up.fork_step)
    FROM up JOIN known k ON k.run_id = up.run_id AND k.branch = up.parent
)
SELECT run_id, branch, fork_step + 1 AS first_step, last_step FROM up;
COMMENT ON VIEW active_path IS 'History of each run''s newest branch; steps outside it are abandoned.';
