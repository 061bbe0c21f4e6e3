-- Evaluations: who was asked what, the scores, the answers.

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
